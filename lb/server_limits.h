// How many connections real servers may have, exact over all workers: LVS's thresholds. A server is
// overloaded from when it has as many as its upper threshold until it has fewer than its lower one,
// or than three quarters of the upper one where there is no lower one (ip_vs_bind_dest,
// ip_vs_unbind_dest).
//
// Only servers with a threshold are counted here, one atomic per opening and close. A worker that
// hears of a threshold adds what it has at that moment, and each of its openings and closes from
// then on; one that hears that there is none any more takes all of its own away. So no connection
// needs to know whether it was counted, and none has to be looked for.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

namespace lb {

// Of one server; all zeroes is one without a threshold.
struct alignas(32) Limit {
  // Replaced as one.
  struct alignas(16) Rule {
    uint64_t thresholds = 0;  // upper and lower
    uint64_t version = 0;     // of the configuration that has them
  } rule;
  std::atomic<uint64_t> state{0};    // connections; the highest bit: overloaded
  std::atomic<uint32_t> workers{0};  // that count here
};
static_assert(sizeof(Limit) == 32);

class Limits {
 public:
  Limits() = default;
  // Both by slot, outliving this. `flags` are what schedulers look at: not 0 while overloaded.
  Limits(std::span<Limit> limits, std::span<std::atomic<uint8_t>> flags)
      : limits_(limits), flags_(flags) {}

  const std::atomic<uint8_t>* flags() const { return flags_.data(); }
  bool is_overloaded(uint32_t server) const {
    return (limits_[server].state.load(std::memory_order_relaxed) & kOverloaded) != 0;
  }
  uint64_t connections(uint32_t server) const {
    return limits_[server].state.load(std::memory_order_relaxed) & ~kOverloaded;
  }
  uint32_t upper(uint32_t server) const { return upper_of(thresholds(server)); }
  // How many workers count a server's connections here, all of their own: until all workers do, the
  // count falls short.
  uint32_t workers(uint32_t server) const {
    return limits_[server].workers.load(std::memory_order_acquire);
  }

  // What a configuration says, from each worker when it comes to that one: the first sets it, and
  // one that is late finds a later version. `upper` is not 0. A threshold that rises ends an
  // overload, as LVS has it; so does a lower one that the connections are below by now, for which
  // LVS waits until the next one ends.
  void set(uint32_t server, uint32_t upper, uint32_t lower, uint64_t version);

  // A worker begins to count here, having so many, or ceases to.
  void join(uint32_t server, uint32_t connections) {
    const uint32_t most = upper(server);
    change(server, [&](uint64_t& state) {
      state += connections;
      mark(state, most);
      return true;
    });
    limits_[server].workers.fetch_add(1, std::memory_order_release);
  }
  void leave(uint32_t server, uint32_t connections) {
    limits_[server].workers.fetch_sub(1, std::memory_order_relaxed);
    change(server, [&](uint64_t& state) {
      state = (state & ~kOverloaded) - connections;
      return true;
    });
  }

  // Counts one more, unless the server is overloaded.
  bool claim(uint32_t server) {
    const uint32_t most = upper(server);
    return change(server, [&](uint64_t& state) {
      if ((state & kOverloaded) != 0) return false;
      mark(++state, most);
      return true;
    });
  }
  // Counts one more, come what may.
  void add(uint32_t server) {
    const uint32_t most = upper(server);
    change(server, [&](uint64_t& state) {
      mark(++state, most);
      return true;
    });
  }
  // Takes back a claim of which no connection has come: what it alone made overloaded is so no
  // more.
  void disclaim(uint32_t server) {
    const uint32_t most = upper(server);
    change(server, [&](uint64_t& state) {
      --state;
      if ((state & ~kOverloaded) < most) state &= ~kOverloaded;
      return true;
    });
  }
  // A connection has ended, or what `add` has counted did not become one.
  void release(uint32_t server) {
    const uint64_t rule = thresholds(server);
    change(server, [&](uint64_t& state) {
      --state;
      if (is_low(state & ~kOverloaded, rule)) state &= ~kOverloaded;
      return true;
    });
  }

 private:
  static constexpr uint64_t kOverloaded = uint64_t{1} << 63;

  uint64_t thresholds(uint32_t server) const {
    return __atomic_load_n(&limits_[server].rule.thresholds, __ATOMIC_RELAXED);
  }
  static uint32_t upper_of(uint64_t thresholds) { return static_cast<uint32_t>(thresholds >> 32); }
  static bool is_low(uint64_t connections, uint64_t thresholds) {
    const auto lower = static_cast<uint32_t>(thresholds);
    if (lower != 0) return connections < lower;
    return 4 * connections < 3 * uint64_t{upper_of(thresholds)};
  }
  static void mark(uint64_t& state, uint32_t upper) {
    if ((state & ~kOverloaded) >= upper) state |= kOverloaded;
  }

  // `step(state)` changes it and returns true, or false where nothing is to be done.
  template <class Step>
  bool change(uint32_t server, Step step) {
    std::atomic<uint64_t>& cell = limits_[server].state;
    uint64_t old = cell.load(std::memory_order_relaxed);
    uint64_t fresh;
    do {
      fresh = old;
      if (!step(fresh)) return false;
    } while (!cell.compare_exchange_weak(old, fresh));
    if (((old ^ fresh) & kOverloaded) != 0) publish(server);
    return true;
  }

  // Whoever writes the flag last looks at the state once more, so what stands there in the end is
  // right whatever the order of several.
  void publish(uint32_t server) {
    const std::atomic<uint64_t>& cell = limits_[server].state;
    for (uint64_t state = cell.load();;) {
      flags_[server].store((state & kOverloaded) != 0);
      const uint64_t now = cell.load();
      if (((now ^ state) & kOverloaded) == 0) return;
      state = now;
    }
  }

  std::span<Limit> limits_;
  std::span<std::atomic<uint8_t>> flags_;
};

}  // namespace lb
