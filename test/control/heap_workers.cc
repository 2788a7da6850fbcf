#include "test/control/heap_workers.h"

#include <fmt/format.h>

#include "control/worker_facts.h"
#include "test/dataplane/support/describe.h"

namespace control::test {
namespace {

using lb::V4;
using Pool = lb::ConnectionPool<V4>;

std::vector<dataplane::Link> links_of(const conf::Config& config) {
  std::vector<dataplane::Link> links(config.interfaces.size());
  for (size_t i = 0; i < links.size(); ++i) links[i].mac = mac_of_link(i);
  return links;
}

}  // namespace

lb::MacAddress mac_of_link(size_t link) {
  return {{2, 0xff, 0, 0, 0, static_cast<uint8_t>(link + 1)}};
}

HeapWorkers::HeapWorkers(const conf::Config& config, const Roster& roster)
    : io_(config.interfaces.size()),
      entries_(Pool::bytes_for(Pool::entries_for(kCapacity, kWorkers))),
      pool_(entries_.span()),
      snapshot_(kWorkers, build_snapshot(config, roster, links_of(config), key_)) {
  std::vector<std::span<std::byte>> rings;
  for (dataplane::WorkerNumber i = 0; i < kWorkers; ++i) {
    Own& own = *own_.emplace_back(std::make_unique<Own>(*this, i));
    rings.push_back(own.rings.span());
  }
  mesh_.emplace(rings);
  for (dataplane::WorkerNumber i = 0; i < kWorkers; ++i) build_worker(config, i);
}

void HeapWorkers::build_worker(const conf::Config& config, dataplane::WorkerNumber number) {
  Own& own = *own_[number];
  workers_.push_back(std::make_unique<dataplane::Worker>(dataplane::WorkerParts{
      .number = number,
      .owner = dataplane::OwnerFunction::keyed(kWorkers),
      .mesh = *mesh_,
      .io = own.face,
      .links = std::vector<dataplane::LinkWay>(config.interfaces.size(), {false, number}),
      .answer_limit = answer_limit_,
      .pool = pool_,
      .bucket_memory = own.buckets.span(),
      .key = key_,
      .figures = figures_,
      .persistence = persistence_,
      .snapshot = snapshot_,
      .neighbours = static_neighbours(config)}));
  pointers_.push_back(workers_.back().get());
}

uint64_t HeapWorkers::publish(std::unique_ptr<const Snapshot> next) {
  snapshot_.publish(std::move(next));
  return ++publications_;
}

scheduler::ServerLoad HeapWorkers::load(uint32_t server_slot) const {
  return figures_.load(server_slot);
}

Traffic HeapWorkers::traffic(uint32_t server_slot) const {
  return totals_of(figures_, server_slot);
}

uint64_t HeapWorkers::refused(uint32_t service_slot) const {
  return figures_.refused(service_slot);
}

void HeapWorkers::receive(dataplane::LinkNumber link, const dataplane_test::Frame& frame) {
  io_.put(link, frame.build(mac_of_link(link)));
  receiver_ = static_cast<dataplane::WorkerNumber>((receiver_ + 1) % kWorkers);
  turn();
}

void HeapWorkers::turn() {
  for (uint32_t moved = 1; moved > 0;) {
    moved = 0;
    for (const auto& worker : workers_) moved += worker->turn(now_);
  }
}

void HeapWorkers::pass(uint32_t seconds) {
  now_ += seconds * lb::kTicksPerSecond;
  // Few of many are looked at in a turn.
  for (uint32_t i = 0; i < kCapacity / 64 + 2; ++i) turn();
  // What nobody has answered is asked again, and given up in the end.
  for (uint32_t i = 0; i < 5 * lb::kTicksPerSecond && io_.outstanding() > 0; ++i) {
    ++now_;
    turn();
  }
}

std::vector<std::string> HeapWorkers::sent() {
  std::vector<std::string> lines;
  for (const dataplane_test::SentFrame& frame : io_.take_sent()) {
    lines.push_back(fmt::format("{} via {}", dataplane_test::describe(frame.bytes), frame.link));
  }
  return lines;
}

}  // namespace control::test
