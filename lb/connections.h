// The life of a worker's connections: opened, stamped, moved from state to state, ended by time, or
// taken back for a newer one when the director is full. One thread; time is an argument.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "lb/connection_table.h"
#include "lb/live.h"
#include "lb/reserved_array.h"
#include "lb/server_limits.h"
#include "lb/timer_wheel.h"

namespace lb {

// Keeps clients to their servers (lb/persistence.h) while they have connections to them.
template <class F>
class HoldKeeper {
 public:
  virtual ~HoldKeeper() = default;
  // The connection's client is to keep its server until then at least.
  virtual void keep(const Connection<F>& entry, Tick until) = 0;
};

template <class F>
class Connections {
 public:
  using Entry = Connection<F>;
  // What a new connection is made of.
  struct Opening {
    FlowEnd<F> outside;
    End<F> virtual_end;
    End<F> inside;
    State state;
    MethodNumber method;
    bool replies_seen;
    bool from_inside;
    uint32_t service;
    uint32_t server;
    bool reserved = false;     // counted by `reserve` already
    bool claimed = true;       // by `claim`, else by `claim_anyway`
    uint8_t hold_seconds = 0;  // see Connection
    NextHop next_hop_inside = 0;
  };
  // A longer hold is looked after as if it were for so long.
  static constexpr uint8_t kLongestHold = 60;

  // `loads` is indexed by the server's slot and outlives this; so do pool and memory.
  Connections(ConnectionPool<F>& pool, std::span<std::byte> bucket_memory, HashKey key,
              std::span<Load> loads, const Timeouts& timeouts, Tick now)
      : pool_(pool),
        cache_(pool),
        table_(pool, bucket_memory, key),
        wheels_{Wheel(pool, now), Wheel(pool, now), Wheel(pool, now), Wheel(pool, now)},
        loads_(loads),
        timeouts_(timeouts),
        counted_((loads.size() + 63) / 64) {}

  // To be called before connections are opened that need them; both outlive this.
  void look_after_holds_by(HoldKeeper<F>& keeper) { keeper_ = &keeper; }
  void share_limits(Limits& limits) { limits_ = &limits; }
  // By block of servers' slots; by default changes of loads are not counted.
  void count_load_changes(std::span<LoadChanges> changes) { load_changes_ = changes; }

  ConnectionTable<F>& table() { return table_; }
  const ConnectionTable<F>& table() const { return table_; }
  Entry& entry(EntryIndex index) { return pool_[index]; }
  const Entry& entry(EntryIndex index) const { return pool_[index]; }
  Entry* entries() { return pool_.entries(); }
  EntryIndex index_of(const Entry& entry) const { return pool_.index_of(entry); }
  // Idle times from now on, of the connections that there are too: where they have become shorter,
  // the next calls of `expire` look at all.
  void use(const Timeouts& timeouts) {
    for (size_t i = 0; i < timeouts.size(); ++i) {
      if (timeouts[i] < timeouts_[i]) wheel_of(static_cast<State>(i)).look_at_all();
    }
    timeouts_ = timeouts;
  }

  // kNoEntry when the director is full and nothing of this worker's may be taken back; the other
  // workers are asked then, see is_short_of_entries.
  // Either way a reservation is used up, and so is a claim.
  EntryIndex open(const Opening& opening, Tick now) {
    const uint64_t hash = table_.hash(opening.outside, opening.outside.protocol);
    const EntryIndex first = table_.find_first(hash, opening.outside, opening.outside.protocol);
    return open(opening, hash, first, now);
  }
  // `hash`: the table's, of the outside end; `first`: the first of its connections there.
  [[gnu::always_inline]] EntryIndex open(const Opening& opening, uint64_t hash, EntryIndex first,
                                         Tick now) {
    // What it has just given is for others, as long as it can help itself.
    EntryIndex index = has_just_given(now) ? cache_.take_own() : cache_.take();
    if (index == kNoEntry) {
      if (!reclaim() && !cache_.refill()) {
        ask_for_entries(now);
        if (opening.reserved) count(opening.server, opening.state, -1);
        opening.claimed ? disclaim(opening.server) : leave_place(opening.server);
        return kNoEntry;
      }
      index = cache_.take();
      first = table_.find_first(hash, opening.outside, opening.outside.protocol);
    }
    short_since_.reset();
    if (cache_.held() <= kFewHeld && cache_.held() % 4 == 0) [[unlikely]]
      ask_ahead();
    Entry& entry = pool_[index];
    entry.begin_with(opening.outside);
    entry.state = opening.state;
    entry.virtual_end = opening.virtual_end;
    entry.method = opening.method;
    entry.replies_seen = opening.replies_seen;
    entry.inside = opening.inside;
    entry.from_inside = opening.from_inside;
    entry.flags = Entry::flags_of_hold(opening.hold_seconds);
    entry.service = opening.service;
    entry.server = opening.server;
    entry.stamp = now;
    entry.next_hop_inside = opening.next_hop_inside;
    entry.next_hop_outside = 0;
    table_.insert(index, hash, first);
    wheel_of(entry.state).insert(index, next_look(entry, now));
    if (!opening.reserved) count(opening.server, opening.state, +1);
    return index;
  }

  // Counts a connection that is about to be opened in a state, for all workers' schedulers to see.
  // Its place is claimed by itself.
  void reserve(uint32_t server, State state) { count(server, state, +1); }
  void unreserve(uint32_t server, State state) { count(server, state, -1); }

  // The servers with a threshold, in order, which this worker counts at `Limits` from now on, and
  // no others. To be called when it sees another configuration.
  void count_at_limits(std::span<const uint32_t> servers) {
    for (const uint32_t server : limited_) {
      if (std::ranges::binary_search(servers, server)) continue;
      set_counted(server, false);
      limits_->leave(server, connections_of(server));
    }
    for (const uint32_t server : servers) {
      if (is_counted(server)) continue;
      set_counted(server, true);
      limits_->join(server, connections_of(server));
    }
    limited_.assign(servers.begin(), servers.end());
  }

  // Takes one of a server's places for a connection that is about to be opened. False: its
  // threshold is reached.
  bool claim(uint32_t server) { return !is_counted(server) || limits_->claim(server); }
  // The same where the threshold does not matter.
  void claim_anyway(uint32_t server) {
    if (is_counted(server)) limits_->add(server);
  }
  // Gives back a place that `claim` took, of which nothing has come.
  void disclaim(uint32_t server) {
    if (is_counted(server)) limits_->disclaim(server);
  }

  // Whether `open` would find an entry: a free one, or one to take back.
  bool has_room() const { return cache_.has_any() || can_reclaim(); }

  // Whether this worker has found the director full for so short a time that another one may yet
  // give it entries.
  bool is_short_of_entries(Tick now) const {
    return short_since_ && now - *short_since_ < kTicksPerSecond / 2;
  }

  // Gives what this worker can spare, free or taken back, to one that found the director full. To
  // be called once a turn.
  void share(Tick now) {
    const Need need = pool_.need();
    if (need == Need::kNone) return;
    // Connections that are being opened make way only where the director is full indeed.
    constexpr uint32_t kChunk = ConnectionPool<F>::kChunk;
    for (uint32_t i = 0; i < kChunk && reclaim(need == Need::kNow && i < kChunk / 2); ++i) {
    }
    if (!cache_.give_all()) return;
    pool_.satisfy();
    gave_at_ = now;
  }

  // A packet came: its state (unchanged as a rule) and time.
  void touch(Entry& entry, State state, Tick now) {
    if (entry.state != state) [[unlikely]] {
      change_state(index_of(entry), state, now);
    } else {
      stamp(entry, now);
    }
  }
  // The same of one that leaves the state as it is.
  static void stamp(Entry& entry, Tick now) {
    if (entry.stamp != now) entry.stamp = now;
  }

  void close(EntryIndex index) {
    wheel_of(pool_[index].state).remove(index);
    forget(index);
  }

  // Ends what has been idle too long. Returns how many entries were looked at, at most `budget`.
  uint32_t expire(Tick now, uint32_t budget) {
    uint32_t looked = 0;
    for (Wheel& wheel : wheels_) {
      const auto fetch_bucket = [&](EntryIndex index) {
        const Entry& entry = pool_[index];
        table_.prefetch(table_.hash(entry.outside, entry.protocol));
      };
      looked += wheel.advance(now, budget - looked, fetch_bucket, [&](EntryIndex index) {
        const Entry& entry = pool_[index];
        if (before(now, deadline_of(entry))) {
          keep_hold(entry, now);
          wheel.insert(index, next_look(entry, now));
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
  using Need = typename ConnectionPool<F>::Need;
  // Of what a worker gives to one that asks, so much is left when that one asks anew.
  static constexpr uint32_t kFewHeld = ConnectionPool<F>::kChunk / 2;
  // One wheel per kind that a full table takes back, so that each kind's oldest is at hand.
  enum Kind { kClosed, kTimeWait, kEmbryonic, kLasting, kWheels };

  Tick timeout_of(State state) const { return timeouts_[static_cast<size_t>(state)]; }

  Wheel& wheel_of(State state) {
    switch (state) {
      case State::kClose:
        return wheels_[kClosed];
      case State::kTimeWait:
        return wheels_[kTimeWait];
      case State::kSynRecv:
        return wheels_[kEmbryonic];
      default:
        return wheels_[kLasting];
    }
  }

  // When the wheel is to look at an entry: when it may end, or earlier, so that its client's hold
  // does not end before it.
  Tick next_look(const Entry& entry, Tick now) const {
    const Tick deadline = deadline_of(entry);
    if (entry.hold_seconds() == 0) [[likely]]
      return deadline;
    const Tick hold = entry.hold_seconds() * kTicksPerSecond;
    // The wheel may be late.
    const Tick look = now + hold - std::min(hold / 2, 4 * kTicksPerSecond);
    return before(look, deadline) ? look : deadline;
  }

  void keep_hold(const Entry& entry, Tick now) {
    if (entry.hold_seconds() == 0) [[likely]]
      return;
    keeper_->keep(entry, now + entry.hold_seconds() * kTicksPerSecond);
  }

  bool is_counted(uint32_t server) const {
    return !limited_.empty() && (counted_[server / 64] >> server % 64 & 1) != 0;
  }
  void set_counted(uint32_t server, bool counted) {
    const uint64_t bit = uint64_t{1} << server % 64;
    counted_[server / 64] = counted ? counted_[server / 64] | bit : counted_[server / 64] & ~bit;
  }
  uint32_t connections_of(uint32_t server) const {
    return loads_[server].active.reader_get() + loads_[server].inactive.reader_get();
  }

  bool has_just_given(Tick now) const { return gave_at_ && now - *gave_at_ <= 1; }

  bool can_reclaim() const {
    const auto has_some = [&](Kind kind) { return wheels_[kind].first() != kNoEntry; };
    return has_some(kClosed) || has_some(kTimeWait) || has_some(kEmbryonic);
  }

  // The others take turns to hear of it: who asks with the last entry in hand loses the packets
  // that come meanwhile.
  [[gnu::noinline]] void ask_ahead() {
    if (!pool_.has_chunk() && !can_reclaim()) pool_.want(Need::kSoon);
  }

  // A worker that has asked for some time without an answer is told so by is_short_of_entries; one
  // that has not asked for a while begins anew.
  void ask_for_entries(Tick now) {
    if (!short_since_ || now - asked_at_ > kTicksPerSecond) short_since_ = now;
    asked_at_ = now;
    pool_.want(Need::kNow);
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
    keep_hold(entry, now);
    wheel_of(state).insert(index, next_look(entry, now));
  }

  void leave_place(uint32_t server) {
    if (is_counted(server)) limits_->release(server);
  }

  void count(uint32_t server, State state, int step) {
    Load& load = loads_[server];
    (is_active(state) ? load.active : load.inactive).add(static_cast<uint32_t>(step));
    if (!load_changes_.empty()) load_changes_[server / LoadChanges::kBlock].writer_note();
  }

  void forget(EntryIndex index) {
    const Entry& entry = pool_[index];
    count(entry.server, entry.state, -1);
    leave_place(entry.server);
    table_.remove(index);
    cache_.give(index);
  }

  // Takes back the oldest that is closing, else the oldest that is being opened; never an
  // established one.
  bool reclaim(bool opening_too = true) {
    const EntryIndex closed = oldest(wheels_[kClosed]);
    const EntryIndex time_wait = oldest(wheels_[kTimeWait]);
    EntryIndex victim = closed;
    if (closed == kNoEntry ||
        (time_wait != kNoEntry && before(pool_[time_wait].stamp, pool_[closed].stamp))) {
      victim = time_wait;
    }
    if (victim == kNoEntry && opening_too) victim = oldest(wheels_[kEmbryonic]);
    if (victim == kNoEntry) return false;
    const Wheel& wheel = wheel_of(pool_[victim].state);
    close(victim);
    fetch_ahead(wheel);
    ++reclaimed_;
    return true;
  }

  // While a table is full, each new connection takes an old one back: what the next one will touch,
  // which is long out of the caches, comes meanwhile.
  [[gnu::always_inline]] void fetch_ahead(const Wheel& wheel) const {
    const EntryIndex next = wheel.first();
    if (next == kNoEntry) return;
    const Entry& entry = pool_[next];
    table_.prefetch(table_.hash(entry.outside, entry.protocol));
    if (const EntryIndex behind = wheel.behind(next); behind != kNoEntry) {
      __builtin_prefetch(&pool_[behind]);
    }
  }

  // The entry of a wheel that has been idle for longest. What was stamped since it was put on the
  // wheel is moved to where it belongs, once, and not so many at a time that a flood which stamps
  // all could make one new connection wait for the whole wheel: then it is the first of the rest.
  EntryIndex oldest(Wheel& wheel) {
    constexpr uint32_t kMostMoves = 32;
    for (uint32_t moves = 0;; ++moves) {
      const EntryIndex index = wheel.first();
      if (index == kNoEntry) return kNoEntry;
      const Tick deadline = deadline_of(pool_[index]);
      if (wheel.first_stands_at(index, deadline) || moves == kMostMoves) return index;
      wheel.remove(index);
      // No earlier look is taken at it any more.
      if (pool_[index].hold_seconds() != 0) keeper_->keep(pool_[index], deadline);
      wheel.insert(index, deadline);
    }
  }

  ConnectionPool<F>& pool_;
  EntryCache<F> cache_;
  ConnectionTable<F> table_;
  std::array<Wheel, kWheels> wheels_;
  std::span<Load> loads_;
  std::span<LoadChanges> load_changes_;
  Timeouts timeouts_;
  HoldKeeper<F>* keeper_ = nullptr;
  Limits* limits_ = nullptr;
  std::vector<uint32_t> limited_;    // what is counted at `limits_`, in order
  ReservedArray<uint64_t> counted_;  // the same, a bit for each server
  uint64_t reclaimed_ = 0;
  std::optional<Tick> short_since_;
  Tick asked_at_ = 0;
  std::optional<Tick> gave_at_;
};

}  // namespace lb
