// The life of a worker's connections: opened, stamped, moved from state to state, ended by time, or
// taken back for a newer one when the director is full. One thread; time is an argument.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "lb/connection_table.h"
#include "lb/live.h"
#include "lb/timer_wheel.h"

namespace lb {

template <class F>
class Connections {
 public:
  using Entry = Connection<F>;
  // What a new connection is made of.
  struct Opening {
    End<F> outside;
    End<F> virtual_end;
    End<F> inside;
    Protocol protocol;
    State state;
    MethodNumber method;
    bool replies_seen;
    bool from_inside;
    uint32_t service;
    uint32_t server;
    bool reserved = false;  // counted by `reserve` already
  };

  // `loads` is indexed by the server's slot and outlives this; so do pool and memory.
  Connections(ConnectionPool<F>& pool, std::span<std::byte> bucket_memory, HashKey key,
              std::span<Load> loads, const Timeouts& timeouts, Tick now)
      : pool_(pool),
        cache_(pool),
        table_(pool, bucket_memory, key),
        wheels_{Wheel(pool, now), Wheel(pool, now), Wheel(pool, now), Wheel(pool, now)},
        loads_(loads),
        timeouts_(timeouts) {}

  ConnectionTable<F>& table() { return table_; }
  const ConnectionTable<F>& table() const { return table_; }
  Entry& entry(EntryIndex index) { return pool_[index]; }
  const Entry& entry(EntryIndex index) const { return pool_[index]; }
  EntryIndex index_of(const Entry& entry) const { return pool_.index_of(entry); }
  // Idle times from now on. What is on a wheel is looked at when it was to be, not before: shorter
  // ones take effect with a connection's next change of state, or at that look.
  void use(const Timeouts& timeouts) { timeouts_ = timeouts; }

  // kNoEntry when the director is full and nothing of this worker's may be taken back; the other
  // workers are asked then, see is_waiting.
  // Either way a reservation is used up.
  EntryIndex open(const Opening& opening, Tick now) {
    EntryIndex index = cache_.take();
    if (index == kNoEntry) {
      if (!reclaim()) {
        if (!waiting_since_) waiting_since_ = now;
        pool_.want();
        if (opening.reserved) unreserve(opening.server, opening.state);
        return kNoEntry;
      }
      index = cache_.take();
    }
    waiting_since_.reset();
    Entry& entry = pool_[index];
    entry.outside = opening.outside;
    entry.protocol = opening.protocol;
    entry.state = opening.state;
    entry.virtual_end = opening.virtual_end;
    entry.method = opening.method;
    entry.replies_seen = opening.replies_seen;
    entry.inside = opening.inside;
    entry.from_inside = opening.from_inside;
    entry.flags = 0;
    entry.service = opening.service;
    entry.server = opening.server;
    entry.stamp = now;
    entry.next_hop_inside = 0;
    entry.next_hop_outside = 0;
    table_.insert(index);
    wheel_of(entry.state).insert(index, now + timeout_of(entry.state));
    if (!opening.reserved) count(opening.server, opening.state, +1);
    return index;
  }

  // Counts a connection that is about to be opened in a state, for all workers' schedulers to see.
  void reserve(uint32_t server, State state) { count(server, state, +1); }
  void unreserve(uint32_t server, State state) { count(server, state, -1); }

  // Whether this worker has found the director full for so short a time that another one may yet
  // give it entries.
  bool is_waiting(Tick now) const {
    return waiting_since_ && now - *waiting_since_ < kTicksPerSecond / 2;
  }

  // Gives what this worker can spare, free or taken back, to one that found the director full. To
  // be called once a turn.
  void share() {
    if (!pool_.is_wanted()) return;
    for (uint32_t i = 0; i < ConnectionPool<F>::kChunk / 2 && reclaim(); ++i) {
    }
    if (cache_.give_all()) pool_.satisfy();
  }

  // A packet came: its state (unchanged as a rule) and time.
  void touch(EntryIndex index, State state, Tick now) {
    Entry& entry = pool_[index];
    if (entry.state != state) {
      change_state(index, state, now);
    } else if (entry.stamp != now) {
      entry.stamp = now;
    }
  }

  void close(EntryIndex index) {
    wheel_of(pool_[index].state).remove(index);
    forget(index);
  }

  // Ends what has been idle too long. Returns how many entries were looked at, at most `budget`.
  uint32_t expire(Tick now, uint32_t budget) {
    uint32_t looked = 0;
    for (Wheel& wheel : wheels_) {
      looked += wheel.advance(now, budget - looked, [&](EntryIndex index) {
        const Tick deadline = deadline_of(pool_[index]);
        if (before(now, deadline)) {
          wheel.insert(index, deadline);
        } else {
          forget(index);
        }
      });
    }
    return looked;
  }

  Tick deadline_of(const Entry& entry) const { return entry.stamp + timeout_of(entry.state); }

  uint64_t reclaimed() const { return reclaimed_; }

 private:
  using Wheel = TimerWheel<ConnectionPool<F>>;
  // One wheel per kind that a full table takes back, so that each kind's oldest is at hand.
  enum Kind { kClosed, kWaiting, kEmbryonic, kLasting, kWheels };

  Tick timeout_of(State state) const { return timeouts_[static_cast<size_t>(state)]; }

  Wheel& wheel_of(State state) {
    switch (state) {
      case State::kClose:
        return wheels_[kClosed];
      case State::kTimeWait:
        return wheels_[kWaiting];
      case State::kSynRecv:
        return wheels_[kEmbryonic];
      default:
        return wheels_[kLasting];
    }
  }

  void change_state(EntryIndex index, State state, Tick now) {
    Entry& entry = pool_[index];
    wheel_of(entry.state).remove(index);
    // Schedulers of all workers read these counts: a write that changes nothing would cost them.
    if (is_active(entry.state) != is_active(state)) {
      count(entry.server, entry.state, -1);
      count(entry.server, state, +1);
    }
    entry.state = state;
    entry.stamp = now;
    wheel_of(state).insert(index, now + timeout_of(state));
  }

  void count(uint32_t server, State state, int step) {
    Load& load = loads_[server];
    (is_active(state) ? load.active : load.inactive).add(static_cast<uint32_t>(step));
  }

  void forget(EntryIndex index) {
    const Entry& entry = pool_[index];
    count(entry.server, entry.state, -1);
    table_.remove(index);
    cache_.give(index);
  }

  // Takes back the oldest that is closing, else the oldest that is being opened; never an
  // established one.
  bool reclaim() {
    const EntryIndex closed = oldest(wheels_[kClosed]);
    const EntryIndex waiting = oldest(wheels_[kWaiting]);
    EntryIndex victim = closed;
    if (closed == kNoEntry ||
        (waiting != kNoEntry && before(pool_[waiting].stamp, pool_[closed].stamp))) {
      victim = waiting;
    }
    if (victim == kNoEntry) victim = oldest(wheels_[kEmbryonic]);
    if (victim == kNoEntry) return false;
    close(victim);
    ++reclaimed_;
    return true;
  }

  // The entry of a wheel that has been idle for longest. What was stamped since it was put on the
  // wheel is moved to where it belongs, once.
  EntryIndex oldest(Wheel& wheel) {
    for (;;) {
      const EntryIndex index = wheel.first();
      if (index == kNoEntry) return kNoEntry;
      const Tick deadline = deadline_of(pool_[index]);
      if (wheel.first_stands_at(index, deadline)) return index;
      wheel.remove(index);
      wheel.insert(index, deadline);
    }
  }

  ConnectionPool<F>& pool_;
  EntryCache<F> cache_;
  ConnectionTable<F> table_;
  std::array<Wheel, kWheels> wheels_;
  std::span<Load> loads_;
  Timeouts timeouts_;
  uint64_t reclaimed_ = 0;
  std::optional<Tick> waiting_since_;
};

}  // namespace lb
