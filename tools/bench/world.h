// A director with one worker and its surroundings: a router on the client's side, real servers on
// the other, services as many as wanted. Everything that lbd gives a worker, but ports and a
// thread.
//
//   clients 100.64.0.0/10 -- router -- [0] lbd [1] -- servers 10.2.0.0/16
#pragma once

#include "dataplane/loop.h"
#include "dataplane/memory.h"
#include "tools/bench/counting_io.h"
#include "tools/bench/packets.h"

namespace bench {

struct WorldConfig {
  std::string method = "nat";
  lb::Protocol protocol = lb::Protocol::kTcp;
  std::string scheduler = "rr";
  uint32_t services = 1;
  uint32_t servers = 10;  // the same for every service, weights 1 to 10 in turn
  uint32_t capacity = 0;
  uint32_t timeout_seconds = 900;  // in every state
};

// Flow numbers from here on would repeat the clients of others.
inline constexpr uint32_t kDistinctFlows = 1u << 26;

class World {
 public:
  static constexpr dataplane::LinkNumber kOutside = 0;
  static constexpr dataplane::LinkNumber kInside = 1;

  World(const WorldConfig& config, uint16_t burst);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Hugepages or EAL's memory that a world takes.
  static size_t bytes_for(uint32_t capacity);

  bool is_nat() const { return config_.method == "nat"; }
  const WorldConfig& config() const { return config_; }

  // A client's packet and a server's, as they arrive, and the same as they must leave. The client
  // of a flow follows from its number, its service too. Servers' packets only in NAT.
  Frame from_client(uint32_t flow, uint8_t tcp_flags) const;
  Frame at_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const;
  Frame from_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const;
  Frame at_client(uint32_t flow, uint8_t tcp_flags) const;
  // Which server a packet that has left goes to.
  uint32_t server_of(const rte_mbuf* mbuf) const;

  // The worker's turns over packets that came by a link, timed: cycles. Every one must be sent on.
  uint64_t forward(dataplane::LinkNumber link, std::span<rte_mbuf*> packets);

  // Time passes: for `forward` it stands still, unless `follow_clock` or `skip` moves it.
  void follow_clock();
  void skip(lb::Tick ticks) { now_ += ticks; }
  // Ends all connections by letting their time run out.
  void expire_all();

  uint64_t connections() const { return worker_->reader_counters().connections.reader_get(); }
  uint64_t reclaimed() const { return worker_->reader_counters().reclaimed.reader_get(); }

 private:
  End client(uint32_t flow) const;
  End virtual_end(uint32_t flow) const;
  End inside_end(uint32_t flow, uint32_t server) const;
  std::unique_ptr<const dataplane::Snapshot<lb::V4>> build_snapshot() const;
  std::vector<dataplane::StaticNeighbour> neighbours() const;
  void turns(dataplane::LinkNumber link, std::span<rte_mbuf*> packets);
  std::string drops() const;

  WorldConfig config_;
  uint16_t burst_;
  dataplane::Memory entry_memory_;
  dataplane::Memory bucket_memory_;
  lb::ConnectionPool<lb::V4> pool_;
  std::vector<std::atomic<uint64_t>> turns_;
  std::vector<lb::Traffic> traffic_;
  std::vector<lb::Counter<uint64_t>> refused_;
  std::vector<lb::Load> loads_;
  const lb::Load* all_loads_;
  dataplane::Publication<dataplane::Snapshot<lb::V4>> snapshot_;
  CountingIo io_;
  dataplane::Mesh mesh_{std::vector<std::span<std::byte>>(1)};
  dataplane::TokenBucket answer_limit_{1000, 1000};
  std::unique_ptr<dataplane::Worker> worker_;
  dataplane::Clock clock_;
  lb::Tick now_ = 0;
};

}  // namespace bench
