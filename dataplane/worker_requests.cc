// The part of the worker that does what the control thread asks, a slice a turn.
#include <algorithm>

#include "dataplane/worker.h"

namespace dataplane {
namespace {

// Bounds of what one turn does of it, so that no packet waits long.
constexpr uint32_t kBucketsPerTurn = 64;
constexpr uint32_t kNeighboursPerTurn = 256;
constexpr uint32_t kCutsPerTurn = 32;
constexpr uint32_t kAnnouncedPerTurn = 32;
constexpr uint32_t kAnnouncedPerTick = 512;

// A TCP connection that is only about to open, of a server whose such connections end.
bool is_forgotten(const CutSweep& sweep, const lb::Connection<lb::V4>& entry) {
  return entry.protocol == lb::Protocol::kTcp && entry.state == lb::State::kSynRecv &&
         std::ranges::binary_search(sweep.forget_opening, entry.server);
}

bool is_meant(const CutSweep& sweep, const lb::Connection<lb::V4>& entry) {
  if ((entry.flags & entry.kCut) != 0) return false;
  return is_forgotten(sweep, entry) || std::ranges::binary_search(sweep.servers, entry.server);
}

}  // namespace

void Worker::serve_requests(lb::Tick now) {
  Request request;
  while (requests_.pop(request)) {
    switch (request.kind) {
      case Request::Kind::kAnnounce:
        announcing_[request.link].under_way = true;
        break;
      case Request::Kind::kInspectConnections:
        inspected_connections_ = request.connections;
        break;
      case Request::Kind::kInspectNeighbours:
        inspected_neighbours_ = request.neighbours;
        break;
      case Request::Kind::kInspectPath:
        path_.inspect(*request.path);
        request.path->done.store(true, std::memory_order_release);
        break;
      case Request::Kind::kAnnounceAddress:
        path_.host().announce_address(request.address);
        break;
      case Request::Kind::kAskElsewhere:
        path_.host().ask_elsewhere();
        break;
      case Request::Kind::kCut:
        cut_ = request.cut;
        break;
      case Request::Kind::kAddNeighbour:
        path_.host().neighbours().add_static(request.link, request.address, request.mac, now);
        break;
      case Request::Kind::kForgetNeighbour:
        path_.host().neighbours().forget_static(request.link, request.address);
        break;
    }
  }
}

void Worker::step_requests(lb::Tick now) {
  if (inspected_connections_ != nullptr) step_connections(*inspected_connections_, now);
  if (inspected_neighbours_ != nullptr) step_neighbours(*inspected_neighbours_, now);
  if (cut_ != nullptr) step_cut(*cut_);
  step_announcements(now);
}

// So slowly that a thousand addresses overrun no transmit ring.
void Worker::step_announcements(lb::Tick now) {
  if (announced_at_ != now) {
    announced_at_ = now;
    announced_ = 0;
  }
  for (LinkNumber link = 0; link < links_ && announced_ < kAnnouncedPerTick; ++link) {
    Announcing& announcing = announcing_[link];
    if (!announcing.under_way) continue;
    announcing.next = path_.host().announce(link, announcing.next, kAnnouncedPerTurn);
    announcing.under_way = announcing.next != 0;
    announced_ += kAnnouncedPerTurn;
  }
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
      if (!inspection.server.have(entry.inside) || !inspection.client.have(entry.outside)) return;
      if (inspection.entries.size() < inspection.entries.capacity()) {
        inspection.entries.push_back(entry);
      } else {
        full = true;
      }
    });
    if (full && before > 0) {
      inspection.entries.resize(before);
    } else {
      inspection.cut = inspection.cut || full;
      ++inspection.next_bucket;
    }
  }
  inspection.finished = inspection.next_bucket == table.buckets();
  if (!full && !inspection.finished) return;
  inspection.now = now;
  inspected_connections_ = nullptr;
  inspection.done.store(true, std::memory_order_release);
}

void Worker::step_cut(CutSweep& sweep) {
  const lb::ConnectionTable<lb::V4>& table = connections_.table();
  const uint64_t end = std::min(table.buckets(), sweep.next_bucket + kBucketsPerTurn);
  for (uint32_t cuts = 0; cuts < kCutsPerTurn;) {
    if (to_cut_.empty()) {
      if (sweep.next_bucket == end) break;
      find_to_cut(sweep, sweep.next_bucket++);
    } else {
      cut_one(sweep, to_cut_.back());
      to_cut_.pop_back();
      ++cuts;
    }
  }
  if (!to_cut_.empty() || sweep.next_bucket < table.buckets()) return;
  cut_ = nullptr;
  sweep.done.store(true, std::memory_order_release);
}

// Looks at a bucket once, however many connections of one end hang in it.
void Worker::find_to_cut(const CutSweep& sweep, uint64_t bucket) {
  connections_.table().visit_bucket(bucket, [&](const lb::Connection<lb::V4>& entry) {
    if (is_meant(sweep, entry)) {
      to_cut_.push_back({entry.outside, entry.virtual_end, entry.protocol});
    }
  });
}

// It may have been found turns ago, so it is looked up again.
void Worker::cut_one(const CutSweep& sweep, const ToCut& found) {
  const lb::ConnectionTable<lb::V4>& table = connections_.table();
  const uint64_t hash = table.hash(found.outside, found.protocol);
  const lb::EntryIndex index =
      table.find(hash, lb::Direction::kInbound, found.outside, found.virtual_end, found.protocol);
  if (index == lb::kNoEntry || !is_meant(sweep, connections_.entry(index))) return;
  if (is_forgotten(sweep, connections_.entry(index))) {
    connections_.close(index);
  } else {
    path_.cut(index);
  }
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
