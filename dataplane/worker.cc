#include "dataplane/worker.h"

namespace dataplane {

Worker::Worker(WorkerParts parts)
    : io_(parts.io),
      snapshot_(parts.snapshot, parts.number),
      links_(static_cast<LinkNumber>(parts.links.size())),
      peers_(parts.mesh, parts.number, parts.owner, parts.key, parts.io, counters_),
      outbox_(parts.io, peers_, counters_, parts.links),
      kernel_(parts.kernel, parts.number, counters_),
      connections_(parts.pool, parts.bucket_memory, parts.key,
                   parts.figures.of(parts.number).own_loads, snapshot_.reader_take().timeouts, 0),
      path_(
          {parts.io, outbox_, peers_, counters_, events_, parts.answer_limit, kernel_, parts.waits},
          connections_, parts.figures.of(parts.number), parts.persistence, parts.figures.limits(),
          snapshot_.reader_take()),
      announcing_(links_) {
  connections_.count_load_changes(parts.figures.of(parts.number).own_changes);
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
    io_.tick();
  }
  if (!peers_.alone()) connections_.share(now);
  serve_requests(now);
  step_requests(now);
  counters_.connections.set(connections_.table().size());
  counters_.reclaimed.set(connections_.reclaimed());
}

}  // namespace dataplane
