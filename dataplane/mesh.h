// The rings by which workers hand packets to one another and tell what they have learnt: one of
// each for every ordered pair, with a single producer and a single consumer, so that a worker that
// has lost its CPU in the middle of a call holds up nobody.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/io.h"
#include "dataplane/owner.h"
#include "lb/address.h"

struct rte_ring;

namespace dataplane {

// Why a packet is in a ring.
enum class Handover : uint8_t {
  kReceived,  // to be worked on as if it had just come by its link
  kPiece,     // a fragment of a datagram whose fragments all come here
  kToSend,    // ready to leave by its link
};

// A packet in a ring: one word, the link being kept in the mbuf.
class HandedPacket {
 public:
  HandedPacket() = default;
  HandedPacket(rte_mbuf* packet, LinkNumber link, Handover why)
      : word_(reinterpret_cast<uintptr_t>(packet) | static_cast<uintptr_t>(why)) {
    packet->port = link;
  }
  rte_mbuf* packet() const { return reinterpret_cast<rte_mbuf*>(word_ & ~kWhy); }
  LinkNumber link() const { return packet()->port; }
  Handover why() const { return static_cast<Handover>(word_ & kWhy); }

 private:
  static constexpr uintptr_t kWhy = 3;
  static_assert(alignof(rte_mbuf) > kWhy);
  uintptr_t word_;
};
static_assert(sizeof(HandedPacket) == sizeof(void*));

// Something that one worker has learnt and all must know.
struct Notice {
  enum class Kind : uint8_t { kNeighbour, kPathMtu };
  Kind kind;
  bool create = false;  // of kNeighbour: even if nobody has asked for it
  uint16_t mtu = 0;     // of kPathMtu
  LinkNumber link = 0;  // of kNeighbour
  lb::Ipv4Address address;
  lb::MacAddress mac{};
};

class Mesh {
 public:
  // Packets that a ring holds.
  static constexpr uint32_t kRingSize = 2048;
  static constexpr uint32_t kNotices = 256;

  // Bytes of memory for what one worker takes from, aligned to 64.
  static size_t bytes_for(WorkerNumber workers);

  // One span a worker: memory near it, bytes_for long, zeroed, outliving the mesh.
  explicit Mesh(const std::vector<std::span<std::byte>>& memory);
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  WorkerNumber workers() const { return workers_; }

  // Worker `from` only. Takes the first n packets, returns n; `in_ring`: packets that now wait
  // there.
  uint16_t push(WorkerNumber from, WorkerNumber to, const HandedPacket* packets, uint16_t count,
                uint32_t& in_ring);
  // All or none.
  bool push_all(WorkerNumber from, WorkerNumber to, const HandedPacket* packets, uint16_t count,
                uint32_t& in_ring);
  // Worker `to` only.
  uint16_t pop(WorkerNumber from, WorkerNumber to, HandedPacket* packets, uint16_t count);

  // Worker `from` only. What finds no room is lost: whoever misses it learns it by itself later.
  void tell(WorkerNumber from, WorkerNumber to, const Notice& notice);
  // Worker `to` only.
  bool hear(WorkerNumber from, WorkerNumber to, Notice& notice);

 private:
  using NoticeQueue = boost::lockfree::spsc_queue<Notice, boost::lockfree::capacity<kNotices>>;
  size_t at(WorkerNumber from, WorkerNumber to) const { return size_t{to} * workers_ + from; }

  WorkerNumber workers_;
  std::vector<rte_ring*> rings_;
  std::vector<std::unique_ptr<NoticeQueue>> notices_;
};

}  // namespace dataplane
