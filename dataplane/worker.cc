#include "dataplane/worker.h"

namespace dataplane {
namespace {

// Bounds of what one turn does besides packets, so that none waits long for it.
constexpr uint32_t kExpiriesPerTurn = 64;
constexpr uint32_t kBucketsPerTurn = 64;
constexpr uint32_t kNeighboursPerTurn = 256;
constexpr uint32_t kCutsPerTurn = 32;

}  // namespace

Worker::Worker(WorkerParts parts)
    : io_(parts.io),
      snapshot_(parts.snapshot, parts.number),
      links_(static_cast<LinkNumber>(parts.links.size())),
      peers_(parts.mesh, parts.number, parts.owner, parts.key, parts.io, counters_),
      outbox_(parts.io, peers_, counters_, parts.links),
      kernel_(parts.kernel, parts.number, counters_),
      connections_(parts.pool, parts.bucket_memory, parts.key, parts.loads,
                   snapshot_.reader_take().timeouts, 0),
      path_(parts.io, outbox_, peers_, counters_, events_, parts.answer_limit, kernel_,
            connections_, parts.live, parts.persistence, parts.limits, snapshot_.reader_take(),
            parts.most_fragments) {
  connections_.count_load_changes(parts.load_changes);
  for (const StaticNeighbour& neighbour : parts.neighbours) {
    path_.host().neighbours().add_static(neighbour.link, neighbour.address, neighbour.mac, 0);
  }
}

uint32_t Worker::turn(lb::Tick now) {
  begin(now);
  // Before new packets are taken in, so that the rings empty first.
  uint32_t received = take_handed();
  for (LinkNumber link = 0; link < links_; ++link) {
    rte_mbuf* packets[kBurst];
    const uint16_t count = io_.receive(link, packets, kBurst);
    if (count == 0) continue;
    process(link, packets, count);
    // What came by one link does not wait for what has come by another.
    flush();
    received += count;
  }
  received += take_from_kernel();
  housekeep(now);
  flush();
  return received;
}

// As it is: the kernel has made whole frames. What finds no buffer waits for the next turn.
uint32_t Worker::take_from_kernel() {
  return kernel_.take([&](const FrameRing::Frame& frame) {
    rte_mbuf* packet = io_.allocate();
    if (packet == nullptr) return false;
    counters_.from_kernel.add(1);
    const auto length = static_cast<uint16_t>(frame.bytes.size());
    if (char* bytes = rte_pktmbuf_append(packet, length)) {
      std::memcpy(bytes, frame.bytes.data(), length);
      outbox_.send(frame.link, packet);
    } else {
      outbox_.drop(packet, lb::DropReason::kTooBig);
    }
    return true;
  });
}

uint32_t Worker::take_handed() {
  if (peers_.alone()) return 0;
  uint32_t taken = 0;
  peers_.take_handed([&](const HandedPacket* packets, uint16_t count) {
    taken += count;
    work_on(packets, count);
  });
  counters_.taken_over.add(taken);
  peers_.hear([&](const Notice& notice) {
    ++taken;
    path_.host().hear(notice);
  });
  return taken;
}

// Packets that have just been handed over, those of one link that come one after another as a
// burst.
void Worker::work_on(const HandedPacket* packets, uint16_t count) {
  rte_mbuf* burst[kBurst];
  for (uint16_t begin = 0; begin < count;) {
    const LinkNumber link = packets[begin].link();
    const Handover why = packets[begin].why();
    uint16_t end = begin;
    while (end < count && packets[end].link() == link && packets[end].why() == why) {
      burst[end - begin] = packets[end].packet();
      ++end;
    }
    const auto length = static_cast<uint16_t>(end - begin);
    switch (why) {
      case Handover::kReceived:
        turn_packets_ += length;
        path_.process(link, burst, length);
        break;
      case Handover::kPiece:
        for (uint16_t i = 0; i < length; ++i) path_.process_piece(link, burst[i]);
        break;
      case Handover::kToSend:
        for (uint16_t i = 0; i < length; ++i) outbox_.send(link, burst[i]);
        break;
    }
    begin = end;
  }
}

void Worker::begin(lb::Tick now) {
  kernel_.begin();
  path_.begin(snapshot_.reader_take(), now);
}

void Worker::process(LinkNumber link, rte_mbuf** packets, uint16_t count) {
  counters_.packets.add(count);
  turn_packets_ += count;
  path_.process(link, packets, count);
}

void Worker::housekeep(lb::Tick now) {
  if (now != last_tick_ || expiry_behind_) {
    // As many as the turn may have opened, and more: whatever others hand over, the table empties.
    const uint32_t budget = kExpiriesPerTurn + 2 * turn_packets_;
    expiry_behind_ = connections_.expire(now, budget) == budget;
  }
  turn_packets_ = 0;
  if (now != last_tick_) {
    if (now / lb::kTicksPerSecond != last_tick_ / lb::kTicksPerSecond) peers_.publish_fullest();
    last_tick_ = now;
    path_.tick();
  }
  if (!peers_.alone()) connections_.share();
  serve_requests(now);
  step_inspections(now);
  counters_.connections.set(connections_.table().size());
  counters_.reclaimed.set(connections_.reclaimed());
}

void Worker::serve_requests(lb::Tick now) {
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

void Worker::step_inspections(lb::Tick now) {
  if (inspected_connections_ != nullptr) step_connections(*inspected_connections_, now);
  if (inspected_neighbours_ != nullptr) step_neighbours(*inspected_neighbours_, now);
  if (cut_ != nullptr) step_cut(*cut_);
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
  for (uint32_t cut = 0; sweep.next_bucket < end && cut < kCutsPerTurn;) {
    // Cutting may take an entry out of the bucket, so they are found first.
    struct {
      lb::EntryIndex index;
      bool opening;
    } found[kCutsPerTurn];
    uint32_t count = 0;
    table.visit_bucket(sweep.next_bucket, [&](const lb::Connection<lb::V4>& entry) {
      if ((entry.flags & entry.kCut) != 0 || count == kCutsPerTurn) return;
      const bool opening = entry.protocol == lb::Protocol::kTcp &&
                           entry.state == lb::State::kSynRecv &&
                           std::ranges::binary_search(sweep.forget_opening, entry.server);
      if (!opening && !std::ranges::binary_search(sweep.servers, entry.server)) return;
      found[count++] = {connections_.index_of(entry), opening};
    });
    for (uint32_t i = 0; i < count; ++i) {
      if (found[i].opening) {
        connections_.close(found[i].index);
      } else {
        path_.cut(found[i].index);
      }
    }
    cut += count;
    if (count < kCutsPerTurn) ++sweep.next_bucket;
  }
  if (sweep.next_bucket < table.buckets()) return;
  cut_ = nullptr;
  sweep.done.store(true, std::memory_order_release);
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
