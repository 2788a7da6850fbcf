// A worker's connections as tests set them up: LVS's idle times, one client port a number.
#pragma once

#include <algorithm>
#include <vector>

#include "lb/connections.h"
#include "test/lb/support.h"

namespace lb_test {

using Connections = lb::Connections<lb::V4>;

inline constexpr lb::Tick kSecond = lb::kTicksPerSecond;
inline constexpr uint32_t kNoBudget = 0x7fffffff;

// In the order of lb::State: ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT, TIME_WAIT, CLOSE,
// CLOSE_WAIT, UDP, ICMP.
inline constexpr lb::Timeouts kLvsTimeouts = {900 * kSecond, 120 * kSecond, 60 * kSecond,
                                              120 * kSecond, 120 * kSecond, 10 * kSecond,
                                              60 * kSecond,  300 * kSecond, 30 * kSecond};

inline lb::Protocol protocol_of(lb::State state) {
  if (state == lb::State::kUdp) return lb::Protocol::kUdp;
  if (state == lb::State::kIcmp) return lb::Protocol::kIcmp;
  return lb::Protocol::kTcp;
}

inline Connections::Opening opening(uint32_t number, lb::State state, uint32_t server = 0) {
  return {.outside = lb::FlowEnd<lb::V4>::of(
              end_of(0x0a010000 + number / 50000, static_cast<uint16_t>(1024 + number % 50000)),
              protocol_of(state)),
          .virtual_end = end_of(0x0a010064, 80),
          .inside = end_of(0x0a02000b + server, 80),
          .state = state,
          .method = 0,
          .replies_seen = true,
          .from_inside = false,
          .service = 0,
          .server = server};
}

// One worker on a pool of its own or of others.
class Worker {
 public:
  static constexpr uint32_t kServers = 8;

  Worker(lb::ConnectionPool<lb::V4>& pool, uint32_t capacity, lb::Tick now = 0)
      : memory_(lb::ConnectionTable<lb::V4>::bytes_for(capacity)),
        loads_(kServers),
        connections_(pool, memory_.span(), kKey, loads_, kLvsTimeouts, now) {}

  Connections* operator->() { return &connections_; }
  const lb::Load& load(uint32_t server) const { return loads_[server]; }

  bool is_live(uint32_t number, lb::State state) {
    const auto o = opening(number, state);
    const auto& table = connections_.table();
    return table.find(table.hash(o.outside, o.outside.protocol), lb::Direction::kInbound, o.outside,
                      o.virtual_end, o.outside.protocol) != lb::kNoEntry;
  }

  // Every live connection, by its position in the pool, in no order.
  std::vector<lb::EntryIndex> live() {
    std::vector<lb::EntryIndex> result;
    const lb::Connection<lb::V4>* first = &connections_.entry(0);
    for (uint64_t bucket = 0; bucket < connections_.table().buckets(); ++bucket) {
      connections_.table().visit_bucket(bucket, [&](const lb::Connection<lb::V4>& entry) {
        result.push_back(static_cast<lb::EntryIndex>(&entry - first));
      });
    }
    return result;
  }

 private:
  Memory memory_;
  std::vector<lb::Load> loads_;
  Connections connections_;
};

}  // namespace lb_test
