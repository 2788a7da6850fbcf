// What workers of one director cost one another. Each forwards over a ring of its own, on a thread
// and CPU of its own; the same with one worker is what they are compared with.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "tools/bench/established.h"
#include "tools/bench/team.h"

namespace bench {

inline constexpr dataplane::WorkerNumber kSeveral = 2;

// Passes of all of a world's workers, all at once: every worker writes its packets, forwards when
// all have written, and checks when all have forwarded.
class Shifts {
 public:
  // A ring for each of the world's workers.
  Shifts(World& world, Team& team, std::array<Ring*, kSeveral> rings);

  // The flow that each packet is of, by worker that receives it; to be filled before a pass.
  std::vector<uint32_t>& flows(dataplane::WorkerNumber worker) { return flows_[worker]; }
  uint32_t packets_each() const { return rings_[0]->size(); }

  // Cycles of a worker, the mean of all; without waiting for others. `write(mbuf, flow)` and
  // `check(mbuf, flow)` are called by several threads at once. Where another process had one of the
  // CPUs, one worker ran alone: what that took tells nothing.
  World::Shift pass(dataplane::LinkNumber link,
                    const std::function<void(rte_mbuf*, uint32_t)>& write,
                    const std::function<void(rte_mbuf*, uint32_t)>& check);

 private:
  World& world_;
  Team& team_;
  std::array<Ring*, kSeveral> rings_;
  std::array<std::vector<uint32_t>, kSeveral> flows_;
};

// Calls `pass()`, which returns a World::Shift, until nobody interrupts it; in the end takes what
// it gets, so that a machine that is never calm ends too.
template <class Pass>
uint64_t uninterrupted(Pass pass) {
  constexpr int kTries = 50;
  World::Shift shift{};
  for (int i = 0; i < kTries; ++i) {
    shift = pass();
    if (!shift.interrupted) break;
  }
  return shift.cycles;
}

enum class Arrival : uint8_t {
  kByOwner,    // as where devices steer
  kHalfOther,  // every worker receives as many packets of others as of its own
};

// Per packet that the director forwards: that of a worker over the number of workers. To the server
// and, in NAT, to the client in turns.
class SeveralEstablished final : public Case {
 public:
  SeveralEstablished(std::shared_ptr<KnownFlows> flows, Arrival arrival, Team& team,
                     std::array<Ring*, kSeveral> rings);
  double sample() override;

 private:
  void deal();
  World::Shift pass(Towards towards);

  std::shared_ptr<KnownFlows> known_;
  Arrival arrival_;
  Shifts shifts_;
  uint32_t deals_ = 0;
};

// Per connection that a worker opens, all opening at once. As Opening with room left.
class SeveralOpening final : public Case {
 public:
  SeveralOpening(const WorldConfig& config, Team& team, std::array<Ring*, kSeveral> rings,
                 uint16_t burst);
  double sample() override;

 private:
  void deal();
  World::Shift pass();

  World world_;
  Shifts shifts_;
  std::vector<uint32_t> next_flow_;  // by worker
};

}  // namespace bench
