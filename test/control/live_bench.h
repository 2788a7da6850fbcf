// A running director's changes over workers without ports. Its clock stands still until told to go.
#pragma once

#include <catch2/catch.hpp>

#include "control/live_changes.h"
#include "test/control/heap_workers.h"

namespace control::test {

// The key "interfaces": wan and lan, which know a client and three servers.
inline constexpr std::string_view kTwoArms = R"("interfaces": [
    {"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"],
     "neighbours": [{"address": "10.1.0.10", "mac": "02:00:0a:01:00:0a"}]},
    {"name": "lan", "device": "b", "addresses": ["10.2.0.1/24"],
     "neighbours": [{"address": "10.2.0.11", "mac": "02:00:0a:02:00:0b"},
                    {"address": "10.2.0.12", "mac": "02:00:0a:02:00:0c"},
                    {"address": "10.2.0.13", "mac": "02:00:0a:02:00:0d"}]}])";

class LiveBench {
 public:
  explicit LiveBench(const std::string& json) : LiveBench(load(json)) {}
  explicit LiveBench(conf::Config config);

  static conf::Config load(const std::string& json);

  // Workers turn, and what they have done is seen: often enough for whatever is due.
  void settle();
  // The same after time has passed for all.
  void pass(uint32_t seconds);

  conf::Service* find(const std::string& name);
  const conf::Config& config() const { return running.config; }
  // Of a server that runs or leaves.
  const Roster::Server& member(const std::string& service, const std::string& server) const;
  uint64_t connections(const std::string& service, const std::string& server) const {
    return running.connections_of(member(service, server).slot);
  }
  // All that changes may change, as text.
  std::string fingerprint() const;

  Running running;
  std::unique_ptr<HeapWorkers> workers;  // gone before what its orders point to
  LiveChanges changes{running};

 private:
  Roster::Time now_{std::chrono::hours(1)};
};

}  // namespace control::test
