#include "tools/bench/several.h"

#include <algorithm>
#include <random>

namespace bench {
namespace {

using dataplane::WorkerNumber;
using lb::tcp::kAck;
using lb::tcp::kSyn;

}  // namespace

Shifts::Shifts(World& world, Team& team, std::array<Ring*, kSeveral> rings)
    : world_(world), team_(team), rings_(rings) {
  for (auto& flows : flows_) flows.resize(packets_each());
}

World::Shift Shifts::pass(dataplane::LinkNumber link,
                          const std::function<void(rte_mbuf*, uint32_t)>& write,
                          const std::function<void(rte_mbuf*, uint32_t)>& check) {
  const WorkerNumber workers = world_.config().workers;
  const auto each_packet = [&](WorkerNumber worker, const auto& work) {
    const std::span<rte_mbuf*> mbufs = rings_[worker]->mbufs();
    for (size_t i = 0; i < mbufs.size(); ++i) work(mbufs[i], flows_[worker][i]);
  };
  team_.run(workers, [&](WorkerNumber worker) { each_packet(worker, write); });
  std::array<World::Shift, kSeveral> shifts{};
  world_.begin_shift();
  team_.run(workers, [&](WorkerNumber worker) {
    shifts[worker] = world_.work(worker, link, rings_[worker]->mbufs());
  });
  world_.end_shift(uint64_t{workers} * packets_each());
  team_.run(workers, [&](WorkerNumber worker) { each_packet(worker, check); });
  World::Shift mean{};
  for (WorkerNumber worker = 0; worker < workers; ++worker) {
    mean.cycles += shifts[worker].cycles / workers;
    mean.interrupted |= shifts[worker].interrupted;
  }
  return mean;
}

SeveralEstablished::SeveralEstablished(std::shared_ptr<KnownFlows> flows, Arrival arrival,
                                       Team& team, std::array<Ring*, kSeveral> rings)
    : known_(std::move(flows)), arrival_(arrival), shifts_(known_->world(), team, rings) {}

double SeveralEstablished::sample() {
  constexpr uint32_t kPackets = 4096;
  World& world = known_->world();
  const uint32_t passes = kPackets / shifts_.packets_each();
  const auto towards = [&](uint32_t i) {
    return world.is_nat() && i % 2 == 1 ? Towards::kClient : Towards::kServer;
  };
  world.follow_clock();
  for (uint32_t i = 0; i < 2; ++i) pass(towards(i));
  uint64_t cycles = 0;
  for (uint32_t i = 0; i < passes; ++i) {
    cycles += uninterrupted([&] { return pass(towards(i)); });
  }
  return nanoseconds(cycles) / (passes * shifts_.packets_each()) / world.config().workers;
}

// The flows of a pass: every worker's in their order, all of a flow's before it comes again.
void SeveralEstablished::deal() {
  const WorkerNumber workers = known_->world().config().workers;
  for (WorkerNumber worker = 0; worker < workers; ++worker) {
    std::vector<uint32_t>& flows = shifts_.flows(worker);
    for (size_t i = 0; i < flows.size(); ++i) {
      const bool other = arrival_ == Arrival::kHalfOther && i % 2 == 1;
      const auto owner = static_cast<WorkerNumber>((worker + (other ? 1 : 0)) % workers);
      flows[i] = known_->rotation(owner).next();
    }
    // Nobody could tell beforehand whose the next packet is.
    std::shuffle(flows.begin(), flows.end(), std::mt19937(deals_++));
  }
}

World::Shift SeveralEstablished::pass(Towards towards) {
  const World& world = known_->world();
  deal();
  const uint64_t before = world.taken_over();
  const bool to_server = towards == Towards::kServer;
  const World::Shift shift = shifts_.pass(
      to_server ? World::kOutside : World::kInside,
      [&](rte_mbuf* mbuf, uint32_t flow) {
        write(mbuf, to_server ? world.from_client(flow, kAck)
                              : world.from_server(flow, known_->server(flow), kAck));
      },
      [&](rte_mbuf* mbuf, uint32_t flow) {
        expect(mbuf, to_server ? world.at_server(flow, known_->server(flow), kAck)
                               : world.at_client(flow, kAck));
      });
  const uint64_t expected =
      arrival_ == Arrival::kHalfOther ? shifts_.packets_each() / 2 * world.config().workers : 0;
  if (world.taken_over() - before != expected) {
    throw Failure(std::to_string(world.taken_over() - before) + " packets were handed over, not " +
                  std::to_string(expected));
  }
  return shift;
}

SeveralOpening::SeveralOpening(const WorldConfig& config, Team& team,
                               std::array<Ring*, kSeveral> rings, uint16_t burst)
    : world_(config, burst), shifts_(world_, team, rings), next_flow_(config.workers) {}

double SeveralOpening::sample() {
  world_.skip(1);
  pass();
  return nanoseconds(uninterrupted([&] { return pass(); })) / shifts_.packets_each();
}

void SeveralOpening::deal() {
  for (WorkerNumber worker = 0; worker < next_flow_.size(); ++worker) {
    uint32_t& next = next_flow_[worker];
    for (uint32_t& flow : shifts_.flows(worker)) {
      while (world_.owner_of(next) != worker) next = (next + 1) % kDistinctFlows;
      flow = next;
      next = (next + 1) % kDistinctFlows;
    }
  }
}

World::Shift SeveralOpening::pass() {
  const uint64_t room = uint64_t{world_.config().capacity} / 10 * 9;
  const uint64_t more = uint64_t{world_.config().workers} * shifts_.packets_each();
  if (world_.connections() + more > room) world_.expire_all();
  deal();
  const uint64_t before = world_.connections();
  const World::Shift shift = shifts_.pass(
      World::kOutside,
      [&](rte_mbuf* mbuf, uint32_t flow) { write(mbuf, world_.from_client(flow, kSyn)); },
      [&](rte_mbuf* mbuf, uint32_t flow) {
        expect(mbuf, world_.at_server(flow, world_.server_of(mbuf), kSyn));
      });
  if (world_.connections() - before != more) {
    throw Failure(std::to_string(world_.connections() - before) + " connections were opened, not " +
                  std::to_string(more));
  }
  return shift;
}

}  // namespace bench
