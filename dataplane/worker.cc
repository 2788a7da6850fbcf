#include "dataplane/worker.h"

namespace dataplane {
namespace {

// Bounds of what one turn does besides packets, so that none waits long for it.
constexpr uint32_t kExpiriesPerTurn = 64;
constexpr uint32_t kBucketsPerTurn = 64;
constexpr uint32_t kNeighboursPerTurn = 256;

std::vector<bool> multi_segment_of(const std::vector<WorkerPort>& ports) {
  std::vector<bool> result;
  for (const WorkerPort& port : ports) result.push_back(port.multi_segment);
  return result;
}

std::vector<uint16_t> links_of(const std::vector<WorkerPort>& ports) {
  std::vector<uint16_t> result;
  for (const WorkerPort& port : ports) result.push_back(port.link);
  return result;
}

}  // namespace

Worker::Worker(WorkerParts parts)
    : io_(parts.io),
      snapshot_(parts.snapshot),
      ports_(static_cast<uint16_t>(parts.ports.size())),
      outbox_(parts.io, counters_, multi_segment_of(parts.ports)),
      connections_(parts.pool, parts.bucket_memory, parts.key, parts.loads, parts.timeouts, 0),
      path_(parts.io, outbox_, counters_, events_, connections_, parts.live,
            *parts.snapshot.load(std::memory_order_acquire), links_of(parts.ports)) {
  for (const StaticNeighbour& neighbour : parts.neighbours) {
    path_.host().neighbours().add_static(neighbour.link, neighbour.address, neighbour.mac);
  }
}

uint32_t Worker::turn(lb::Tick now) {
  begin(now);
  uint32_t received = 0;
  for (PortNumber port = 0; port < ports_; ++port) {
    rte_mbuf* packets[kBurst];
    const uint16_t count = io_.receive(port, packets, kBurst);
    if (count == 0) continue;
    process(port, packets, count);
    received += count;
  }
  housekeep(now);
  flush();
  return received;
}

void Worker::begin(lb::Tick now) { path_.begin(*snapshot_.load(std::memory_order_acquire), now); }

void Worker::process(PortNumber port, rte_mbuf** packets, uint16_t count) {
  counters_.packets.add(count);
  path_.process(port, packets, count);
}

void Worker::housekeep(lb::Tick now) {
  if (now != last_tick_ || expiry_behind_) {
    expiry_behind_ = connections_.expire(now, kExpiriesPerTurn) == kExpiriesPerTurn;
  }
  if (now != last_tick_) {
    last_tick_ = now;
    path_.tick();
  }
  serve_requests();
  step_inspections(now);
  counters_.connections.set(connections_.table().size());
  counters_.reclaimed.set(connections_.reclaimed());
}

void Worker::serve_requests() {
  Request request;
  while (requests_.pop(request)) {
    switch (request.kind) {
      case Request::Kind::kAnnounce:
        path_.host().announce(request.link);
        break;
      case Request::Kind::kInspectConnections:
        inspected_connections_ = request.connections;
        break;
      case Request::Kind::kInspectNeighbours:
        inspected_neighbours_ = request.neighbours;
        break;
    }
  }
}

void Worker::step_inspections(lb::Tick now) {
  if (inspected_connections_ != nullptr) step_connections(*inspected_connections_, now);
  if (inspected_neighbours_ != nullptr) step_neighbours(*inspected_neighbours_, now);
}

void Worker::step_connections(ConnectionInspection& inspection, lb::Tick now) {
  const lb::ConnectionTable<lb::V4>& table = connections_.table();
  const uint64_t end = std::min(table.buckets(), inspection.next_bucket + kBucketsPerTurn);
  bool full = false;
  // A bucket is answered whole or, but for one that alone exceeds the room, not at all.
  while (inspection.next_bucket < end && !full) {
    const size_t before = inspection.entries.size();
    table.visit_bucket(inspection.next_bucket, [&](const ConnectionInspection::Entry& entry) {
      if (inspection.service && entry.service != *inspection.service) return;
      if (inspection.client && entry.outside.address != *inspection.client) return;
      if (inspection.client_port && entry.outside.port != *inspection.client_port) return;
      if (inspection.entries.size() < inspection.entries.capacity()) {
        inspection.entries.push_back(entry);
      } else {
        full = true;
      }
    });
    if (full && before > 0) {
      inspection.entries.resize(before);
    } else {
      ++inspection.next_bucket;
    }
  }
  inspection.finished = inspection.next_bucket == table.buckets();
  if (!full && !inspection.finished) return;
  inspection.now = now;
  inspected_connections_ = nullptr;
  inspection.done.store(true, std::memory_order_release);
}

void Worker::step_neighbours(NeighbourInspection& inspection, lb::Tick now) {
  const Neighbours<lb::V4>& neighbours = path_.host().neighbours();
  const uint32_t end = std::min(neighbours.end(), inspection.next + kNeighboursPerTurn);
  for (; inspection.next < end; ++inspection.next) {
    const Neighbour<lb::V4>& neighbour = neighbours.at(inspection.next);
    if (neighbour.state != NeighbourState::kFree) inspection.neighbours.push_back(neighbour);
  }
  if (inspection.next < neighbours.end()) return;
  inspection.now = now;
  inspected_neighbours_ = nullptr;
  inspection.done.store(true, std::memory_order_release);
}

}  // namespace dataplane
