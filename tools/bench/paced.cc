#include "tools/bench/paced.h"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>

namespace bench {
namespace {

using lb::tcp::kAck;

constexpr std::chrono::seconds kPatience{60};

int64_t cycles(std::chrono::nanoseconds time) {
  return static_cast<int64_t>(static_cast<double>(time.count()) * 1e-9 *
                              static_cast<double>(rte_get_tsc_hz()));
}

std::vector<int64_t> due(const Load& load, uint32_t packets, double share, uint32_t seed) {
  std::vector<int64_t> result(packets, 0);
  if (load.rate > 0 && packets > 0) {
    result = arrivals(load.spacing, packets, load.rate * share, seed);
  }
  for (int64_t& at : result) at += cycles(load.lead);
  return result;
}

PacedIo::Plan plan_of(const Load& load, Ring& ring, bool both_links) {
  const std::span<rte_mbuf*> mbufs = ring.mbufs().first(load.packets);
  PacedIo::Plan plan;
  plan.until = cycles(load.until);
  plan.endless_ring = load.rate == 0;
  const uint32_t first = both_links ? (load.packets + 1) / 2 : load.packets;
  const double share = both_links ? 0.5 : 1;
  plan.links[0] = {mbufs.first(first), due(load, first, share, 2 * load.seed)};
  plan.links[1] = {mbufs.subspan(first), due(load, load.packets - first, share, 2 * load.seed + 1)};
  // Between the first link's, where the spaces are even.
  if (load.rate > 0 && load.spacing == Spacing::kEven) {
    const auto half = static_cast<int64_t>(static_cast<double>(rte_get_tsc_hz()) / load.rate);
    for (int64_t& at : plan.links[1].due) at -= half;
  }
  return plan;
}

PacedIo::Outcome finish(PacedIo& io) {
  if (!io.wait(kPatience)) throw Failure("a packet neither left nor was lost");
  return io.take_outcome();
}

}  // namespace

unsigned paced_lcore() { return rte_get_next_lcore(-1, 1, 0); }

PacedDirector::PacedDirector(std::shared_ptr<KnownFlows> flows, Ring& ring,
                             const dataplane::IdlePolicy& idle)
    : flows_(std::move(flows)), ring_(ring), idle_(idle) {
  flows_->world().divert(&io_);
}

PacedDirector::~PacedDirector() { flows_->world().divert(nullptr); }

void PacedDirector::write_packets(const PacedIo::Plan& plan,
                                  const std::vector<uint32_t>& flows) const {
  const World& world = flows_->world();
  size_t i = 0;
  for (rte_mbuf* mbuf : plan.links[0].packets) {
    write(mbuf, world.from_client(flows[i++], kAck));
  }
  for (rte_mbuf* mbuf : plan.links[1].packets) {
    const uint32_t flow = flows[i++];
    write(mbuf, world.from_server(flow, flows_->server(flow), kAck));
  }
}

void PacedDirector::check(const PacedIo::Outcome& outcome, const PacedIo::Plan& plan,
                          const std::vector<uint32_t>& flows) const {
  const World& world = flows_->world();
  if (outcome.released > 0) {
    throw Failure(std::to_string(outcome.released) + " packets were dropped;" + world.drops());
  }
  if (outcome.kept > 0) throw Failure("a packet did not leave in the turn in which it came");
  const size_t first = plan.links[0].packets.size();
  for (size_t i = 0; i < outcome.latencies.size(); ++i) {
    if (outcome.latencies[i] == PacedIo::Outcome::kNever) continue;
    const uint32_t flow = flows[i];
    if (i < first) {
      expect(plan.links[0].packets[i], world.at_server(flow, flows_->server(flow), kAck));
    } else {
      expect(plan.links[1].packets[i - first], world.at_client(flow, kAck));
    }
  }
}

PacedIo::Outcome PacedDirector::run(const Load& load) {
  World& world = flows_->world();
  const PacedIo::Plan plan = plan_of(load, ring_, world.is_nat());
  const std::vector<uint32_t> flows = flows_->rotation().next(load.packets);
  write_packets(plan, flows);
  io_.arm(plan);
  PacedIo::Outcome outcome;
  {
    dataplane::Loop loop(world.worker(), world.clock(), paced_lcore(), idle_);
    if (const auto started = loop.start(); !started) throw Failure(started.error());
    outcome = finish(io_);
  }
  check(outcome, plan, flows);
  return outcome;
}

int PassThrough::turn(void* self) {
  PacedIo& io = static_cast<PassThrough*>(self)->io_;
  while (!io.is_finished()) {
    for (dataplane::LinkNumber link = 0; link < PacedIo::kLinks; ++link) {
      rte_mbuf* packets[dataplane::Worker::kBurst];
      const uint16_t count = io.receive(link, packets, dataplane::Worker::kBurst);
      // As drivers do; a chain of cache misses is not what a packet must cost.
      for (uint16_t i = 0; i < count; ++i) rte_prefetch0(packets[i]);
      if (count > 0) io.transmit(link, packets, count);
    }
  }
  return 0;
}

PacedIo::Outcome PassThrough::run(const Load& load) {
  io_.arm(plan_of(load, ring_, both_links_));
  if (rte_eal_remote_launch(turn, this, paced_lcore()) != 0) {
    throw Failure("the lcore did not start");
  }
  PacedIo::Outcome outcome = finish(io_);
  rte_eal_wait_lcore(paced_lcore());
  return outcome;
}

}  // namespace bench
