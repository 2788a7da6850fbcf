// A director and its surroundings: a router on the client's side, real servers on the other,
// services as many as wanted. Everything that lbd gives its workers, but ports and threads.
//
//   clients 100.64.0.0/10 -- router -- [0] lbd [1] -- servers 10.2.0.0/16
#pragma once

#include <functional>

#include "dataplane/loop.h"
#include "dataplane/memory.h"
#include "lb/reserved_array.h"
#include "tools/bench/counting_io.h"
#include "tools/bench/measure.h"
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
  uint16_t frame_bytes = 64;       // of packets that carry data, with the check sequence
  dataplane::WorkerNumber workers = 1;
  std::function<std::vector<End>()> clients = {};  // by flow; none: World::usual_client
};

// How a worker comes by a burst: at once, or packet by packet in the turn that the burst would have
// had, so that nothing of one packet can be fetched while another is worked on.
enum class Intake : uint8_t { kBursts, kOneByOne };

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
  static size_t bytes_for(uint32_t capacity, dataplane::WorkerNumber workers = 1);

  // Sixteen ports of each address.
  static End usual_client(uint32_t flow);

  bool is_nat() const { return config_.method == "nat"; }
  bool is_tunnel() const { return config_.method == "tunnel"; }
  const WorldConfig& config() const { return config_; }

  // A client's packet and a server's, as they arrive, and the same as they must leave. The client
  // of a flow follows from its number, its service too. Servers' packets only in NAT.
  Frame from_client(uint32_t flow, uint8_t tcp_flags) const;
  Frame at_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const;
  Frame from_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const;
  Frame at_client(uint32_t flow, uint8_t tcp_flags) const;
  // Which server a packet that has left goes to.
  uint32_t server_of(const rte_mbuf* mbuf) const;

  // The worker that owns a flow.
  dataplane::WorkerNumber owner_of(uint32_t flow) const;

  // A worker's turns over packets of its own that came by a link, timed: cycles. Every one must be
  // sent on.
  uint64_t forward(dataplane::LinkNumber link, std::span<rte_mbuf*> packets,
                   dataplane::WorkerNumber worker = 0, Intake intake = Intake::kBursts);

  // The same by all workers at once: after `begin_shift` each one's thread calls `work`, with what
  // that worker receives. It returns when all packets of all workers have found their owners.
  // `end_shift`: as many packets as that must have been sent on.
  struct Shift {
    uint64_t cycles;  // without waiting for other workers
    bool interrupted;
  };
  void begin_shift() { receiving_ = config_.workers; }
  Shift work(dataplane::WorkerNumber worker, dataplane::LinkNumber link,
             std::span<rte_mbuf*> packets);
  void end_shift(uint64_t packets);

  // For a loop that turns the first worker by itself, over ports of its own (`divert`; nullptr: the
  // world's again). No `forward` meanwhile; the loop's clock goes on from what is told by
  // `follow_clock`.
  void divert(dataplane::Io* io) { own_[0]->io.divert(io); }
  dataplane::Worker& worker() { return *own_[0]->worker; }
  const dataplane::Clock& clock() const { return clock_; }

  // What has been dropped, by reason.
  std::string drops() const;

  // For the thread that stands for control's.
  dataplane::Publication<dataplane::Snapshot<lb::V4>>& publication() { return snapshot_; }
  const dataplane::Publication<dataplane::Snapshot<lb::V4>>& publication() const {
    return snapshot_;
  }
  lb::HashKey key() const;
  scheduler::ServerLoad load(uint32_t server_slot) const;
  void forget_turns(uint32_t service_slot) { figures_.forget_turns(service_slot); }

  // Of every service's servers at first, from 1 to 10.
  static uint32_t weight_of(uint32_t server) { return 1 + server % 10; }

  // Every worker has a turn without packets.
  void idle();

  // Time passes: for `forward` it stands still, unless `follow_clock` or `skip` moves it.
  void follow_clock();
  void skip(lb::Tick ticks) { now_ += ticks; }
  // Ends all connections by letting their time run out.
  void expire_all();

  uint64_t connections() const { return sum(&dataplane::WorkerCounters::connections); }
  uint64_t reclaimed() const { return sum(&dataplane::WorkerCounters::reclaimed); }
  uint64_t taken_over() const { return sum(&dataplane::WorkerCounters::taken_over); }

 private:
  // What a worker does not share.
  struct alignas(64) Own {
    explicit Own(const WorldConfig& config);
    dataplane::Memory bucket_memory;
    dataplane::Memory ring_memory;
    CountingIo io;
    std::unique_ptr<dataplane::Worker> worker;
  };

  End client(uint32_t flow) const;
  End virtual_end(uint32_t flow) const;
  End inside_end(uint32_t flow, uint32_t server) const;
  std::unique_ptr<const dataplane::Snapshot<lb::V4>> build_snapshot() const;
  void build_worker(dataplane::WorkerNumber number);
  std::vector<dataplane::StaticNeighbour> neighbours() const;
  uint16_t payload(uint8_t tcp_flags) const;
  void turns(dataplane::Worker& worker, dataplane::LinkNumber link, std::span<rte_mbuf*> packets,
             Intake intake);
  uint64_t turns_until_all_rest(Own& own);
  void require_sent(uint64_t sent, uint64_t packets) const;
  uint64_t sum(lb::Counter<uint64_t> dataplane::WorkerCounters::*counter) const;

  WorldConfig config_;
  std::vector<End> clients_;
  uint16_t burst_;
  dataplane::Memory entry_memory_;
  lb::ConnectionPool<lb::V4> pool_;
  dataplane::Figures figures_;
  lb::ReservedArray<std::byte> persistence_memory_;
  lb::Persistence persistence_;
  dataplane::Publication<dataplane::Snapshot<lb::V4>> snapshot_;
  std::unique_ptr<dataplane::Mesh> mesh_;
  dataplane::TokenBucket answer_limit_{1000, 1000};
  dataplane::Clock clock_;
  lb::Tick now_ = 0;
  std::vector<std::unique_ptr<Own>> own_;  // last: workers take their leave of what stands above
  // Workers that have not yet received all of this shift.
  alignas(64) std::atomic<uint32_t> receiving_ = 0;
};

}  // namespace bench
