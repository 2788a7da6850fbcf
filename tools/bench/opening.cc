#include "tools/bench/opening.h"

namespace bench {
namespace {

using lb::tcp::kAck;
using lb::tcp::kFin;
using lb::tcp::kSyn;

}  // namespace

Opening::Opening(const WorldConfig& config, Table table, Ring& ring, uint16_t burst)
    : world_(config, burst), table_(table), ring_(ring) {
  if (table_ == Table::kRoomLeft) return;
  while (world_.reclaimed() == 0) pass();
}

double Opening::sample() {
  const uint64_t room = uint64_t{world_.config().capacity} / 10 * 9;
  if (table_ == Table::kRoomLeft && world_.connections() + 2 * ring_.size() > room) {
    world_.expire_all();
  }
  world_.skip(1);
  pass();
  const uint64_t reclaimed = world_.reclaimed();
  const uint64_t cycles = pass();
  const uint64_t expected = table_ == Table::kFull ? ring_.size() : 0;
  if (world_.reclaimed() - reclaimed != expected) {
    throw Failure(std::to_string(world_.reclaimed() - reclaimed) +
                  " connections were taken back, not " + std::to_string(expected));
  }
  return nanoseconds(cycles) / ring_.size();
}

uint64_t Opening::pass() {
  const std::span<rte_mbuf*> mbufs = ring_.mbufs();
  for (uint32_t i = 0; i < mbufs.size(); ++i) {
    write(mbufs[i], world_.from_client(next_flow_ + i, kSyn));
  }
  const uint64_t cycles = world_.forward(World::kOutside, mbufs);
  for (uint32_t i = 0; i < mbufs.size(); ++i) {
    expect(mbufs[i], world_.at_server(next_flow_ + i, world_.server_of(mbufs[i]), kSyn));
  }
  next_flow_ = (next_flow_ + ring_.size()) % kDistinctFlows;
  return cycles;
}

ShortConnections::ShortConnections(Ring& ring, uint16_t burst)
    : world_({.capacity = kCapacity, .timeout_seconds = 1}, burst),
      ring_(ring),
      servers_(ring.size()) {
  for (lb::Tick tick = 0; tick < lb::kTicksPerSecond + 2; ++tick) sample();
}

double ShortConnections::sample() {
  world_.skip(1);
  uint64_t cycles = 0;
  for (uint32_t opened = 0; opened < kPerSample; opened += ring_.size()) cycles += pass();
  const uint64_t held = world_.connections();
  if (held > kPerSample * (lb::kTicksPerSecond + 2)) {
    throw Failure(std::to_string(held) + " connections are held: they do not expire in time");
  }
  return nanoseconds(cycles) / kPerSample;
}

uint64_t ShortConnections::pass() {
  uint64_t cycles = stage(World::kOutside, kSyn);
  cycles += stage(World::kInside, kSyn | kAck);
  cycles += stage(World::kOutside, kAck);
  cycles += stage(World::kOutside, kFin | kAck);
  cycles += stage(World::kInside, kFin | kAck);
  cycles += stage(World::kOutside, kAck);
  next_flow_ = (next_flow_ + ring_.size()) % kDistinctFlows;
  return cycles;
}

uint64_t ShortConnections::stage(dataplane::LinkNumber link, uint8_t tcp_flags) {
  const std::span<rte_mbuf*> mbufs = ring_.mbufs();
  const bool from_client = link == World::kOutside;
  for (uint32_t i = 0; i < mbufs.size(); ++i) {
    const uint32_t flow = next_flow_ + i;
    write(mbufs[i], from_client ? world_.from_client(flow, tcp_flags)
                                : world_.from_server(flow, servers_[i], tcp_flags));
  }
  const uint64_t cycles = world_.forward(link, mbufs);
  for (uint32_t i = 0; i < mbufs.size(); ++i) {
    const uint32_t flow = next_flow_ + i;
    if (tcp_flags == kSyn) servers_[i] = static_cast<uint16_t>(world_.server_of(mbufs[i]));
    expect(mbufs[i], from_client ? world_.at_server(flow, servers_[i], tcp_flags)
                                 : world_.at_client(flow, tcp_flags));
  }
  return cycles;
}

}  // namespace bench
