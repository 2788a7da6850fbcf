#include "tools/bench/established.h"

#include <algorithm>

namespace bench {
namespace {

using lb::tcp::kAck;
using lb::tcp::kSyn;

WorldConfig sized_for(WorldConfig config, uint32_t flows) {
  // Not full: a director with room for exactly its connections would be a rare one.
  config.capacity = std::max(config.capacity, flows + flows / 4 + 64);
  return config;
}

}  // namespace

KnownFlows::KnownFlows(WorldConfig config, uint32_t flows, Ring& ring, uint16_t burst,
                       uint32_t silent)
    : world_(sized_for(std::move(config), flows), burst), servers_(flows) {
  for (uint32_t first = 0; first < flows; first += ring.size()) {
    open(first, ring.mbufs().first(std::min(ring.size(), flows - first)));
  }
  if (world_.connections() != flows) {
    throw Failure(std::to_string(world_.connections()) + " connections, not " +
                  std::to_string(flows));
  }
  std::vector<std::vector<uint32_t>> owned(world_.config().workers);
  for (uint32_t flow = 0; flow < flows - silent; ++flow)
    owned[world_.owner_of(flow)].push_back(flow);
  for (auto& own : owned) rotations_.emplace_back(std::move(own), 1);
}

// The handshake as the director sees it: of DR only the client's half, of UDP a packet each way.
void KnownFlows::open(uint32_t first, std::span<rte_mbuf*> mbufs) {
  stage(World::kOutside, first, mbufs, kSyn);
  if (world_.is_nat()) stage(World::kInside, first, mbufs, kSyn | kAck);
  stage(World::kOutside, first, mbufs, kAck);
}

void KnownFlows::stage(dataplane::LinkNumber link, uint32_t first, std::span<rte_mbuf*> mbufs,
                       uint8_t tcp_flags) {
  const bool from_client = link == World::kOutside;
  for (uint32_t i = 0; i < mbufs.size(); ++i) {
    write(mbufs[i], from_client ? world_.from_client(first + i, tcp_flags)
                                : world_.from_server(first + i, servers_[first + i], tcp_flags));
  }
  forward_by_owners(link, first, mbufs);
  for (uint32_t i = 0; i < mbufs.size(); ++i) {
    const uint32_t flow = first + i;
    if (tcp_flags == kSyn) servers_[flow] = static_cast<uint16_t>(world_.server_of(mbufs[i]));
    expect(mbufs[i], from_client ? world_.at_server(flow, servers_[flow], tcp_flags)
                                 : world_.at_client(flow, tcp_flags));
  }
}

void KnownFlows::forward_by_owners(dataplane::LinkNumber link, uint32_t first,
                                   std::span<rte_mbuf*> mbufs) {
  for (dataplane::WorkerNumber worker = 0; worker < world_.config().workers; ++worker) {
    std::vector<rte_mbuf*> own;
    for (uint32_t i = 0; i < mbufs.size(); ++i) {
      if (world_.owner_of(first + i) == worker) own.push_back(mbufs[i]);
    }
    world_.forward(link, own, worker);
  }
}

Established::Established(std::shared_ptr<KnownFlows> flows, Towards towards, Ring& ring,
                         Intake intake)
    : flows_(std::move(flows)), towards_(towards), ring_(ring), intake_(intake) {}

double Established::sample() {
  constexpr uint32_t kPackets = 4096;
  const uint32_t passes = std::max(1u, kPackets / ring_.size());
  flows_->world().follow_clock();
  for (uint32_t i = warm_up_passes(flows_->rotation().size(), ring_.size()); i > 0; --i) pass();
  uint64_t cycles = 0;
  for (uint32_t i = 0; i < passes; ++i) cycles += pass();
  return nanoseconds(cycles) / (passes * ring_.size());
}

uint64_t Established::pass() {
  World& world = flows_->world();
  const std::span<rte_mbuf*> mbufs = ring_.mbufs();
  const std::vector<uint32_t> flows = flows_->rotation().next(mbufs.size());
  const bool to_server = towards_ == Towards::kServer;
  for (size_t i = 0; i < mbufs.size(); ++i) {
    const uint32_t flow = flows[i];
    write(mbufs[i], to_server ? world.from_client(flow, kAck)
                              : world.from_server(flow, flows_->server(flow), kAck));
  }
  warm_headers(mbufs);
  const uint64_t cycles =
      world.forward(to_server ? World::kOutside : World::kInside, mbufs, 0, intake_);
  for (size_t i = 0; i < mbufs.size(); ++i) {
    const uint32_t flow = flows[i];
    expect(mbufs[i], to_server ? world.at_server(flow, flows_->server(flow), kAck)
                               : world.at_client(flow, kAck));
  }
  return cycles;
}

}  // namespace bench
