// Packets of known connections: TCP established or UDP.
#pragma once

#include "tools/bench/measure.h"
#include "tools/bench/rotation.h"
#include "tools/bench/world.h"

namespace bench {

// A world in which so many connections have been opened, by their handshakes through the worker.
class KnownFlows {
 public:
  // `ring` carries the handshakes. `config.capacity` is raised to what they need. The last `silent`
  // of the flows are there and send nothing more.
  KnownFlows(WorldConfig config, uint32_t flows, Ring& ring, uint16_t burst, uint32_t silent = 0);

  World& world() { return world_; }
  uint32_t server(uint32_t flow) const { return servers_[flow]; }
  // The flows that a worker owns and that send.
  Rotation& rotation(dataplane::WorkerNumber worker = 0) { return rotations_[worker]; }

 private:
  void open(uint32_t first, std::span<rte_mbuf*> mbufs);
  void stage(dataplane::LinkNumber link, uint32_t first, std::span<rte_mbuf*> mbufs,
             uint8_t tcp_flags);
  void forward_by_owners(dataplane::LinkNumber link, uint32_t first, std::span<rte_mbuf*> mbufs);

  World world_;
  std::vector<uint16_t> servers_;
  std::vector<Rotation> rotations_;  // by worker
};

enum class Towards : uint8_t { kServer, kClient };

// Per packet. A pass is one turn of the ring; the first of a sample warm up and are not counted.
class Established final : public Case {
 public:
  Established(std::shared_ptr<KnownFlows> flows, Towards towards, Ring& ring,
              Intake intake = Intake::kBursts);
  double sample() override;
  // One turn of the ring: cycles.
  uint64_t pass();
  uint32_t packets() const { return ring_.size(); }

 private:
  std::shared_ptr<KnownFlows> flows_;
  Towards towards_;
  Ring& ring_;
  Intake intake_;
};

}  // namespace bench
