#include "dataplane/mesh.h"

#include <rte_ring.h>

#include <cassert>

namespace dataplane {
namespace {

size_t ring_bytes() {
  return (static_cast<size_t>(rte_ring_get_memsize(Mesh::kRingSize)) + 63) / 64 * 64;
}

void* const* as_objects(const HandedPacket* packets) {
  return reinterpret_cast<void* const*>(packets);
}

}  // namespace

size_t Mesh::bytes_for(WorkerNumber workers) { return workers == 1 ? 0 : workers * ring_bytes(); }

Mesh::Mesh(const std::vector<std::span<std::byte>>& memory)
    : workers_(static_cast<WorkerNumber>(memory.size())),
      rings_(memory.size() * memory.size()),
      notices_(memory.size() * memory.size()) {
  for (WorkerNumber to = 0; to < workers_; ++to) {
    for (WorkerNumber from = 0; from < workers_; ++from) {
      if (from == to) continue;
      auto* ring = reinterpret_cast<rte_ring*>(memory[to].data() + from * ring_bytes());
      [[maybe_unused]] const int error =
          rte_ring_init(ring, "lbd", kRingSize, RING_F_SP_ENQ | RING_F_SC_DEQ);
      assert(error == 0);  // only for sizes that are no power of two
      rings_[at(from, to)] = ring;
      notices_[at(from, to)] = std::make_unique<NoticeQueue>();
    }
  }
}

uint16_t Mesh::push(WorkerNumber from, WorkerNumber to, const HandedPacket* packets, uint16_t count,
                    uint32_t& in_ring) {
  unsigned room = 0;
  const unsigned taken =
      rte_ring_sp_enqueue_burst(rings_[at(from, to)], as_objects(packets), count, &room);
  in_ring = kRingSize - 1 - room;
  return static_cast<uint16_t>(taken);
}

bool Mesh::push_all(WorkerNumber from, WorkerNumber to, const HandedPacket* packets, uint16_t count,
                    uint32_t& in_ring) {
  unsigned room = 0;
  const unsigned taken =
      rte_ring_sp_enqueue_bulk(rings_[at(from, to)], as_objects(packets), count, &room);
  in_ring = kRingSize - 1 - room;
  return taken == count;
}

uint16_t Mesh::pop(WorkerNumber from, WorkerNumber to, HandedPacket* packets, uint16_t count) {
  return static_cast<uint16_t>(rte_ring_sc_dequeue_burst(
      rings_[at(from, to)], reinterpret_cast<void**>(packets), count, nullptr));
}

void Mesh::tell(WorkerNumber from, WorkerNumber to, const Notice& notice) {
  notices_[at(from, to)]->push(notice);
}

bool Mesh::hear(WorkerNumber from, WorkerNumber to, Notice& notice) {
  return notices_[at(from, to)]->pop(notice);
}

}  // namespace dataplane
