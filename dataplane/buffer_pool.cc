#include "dataplane/buffer_pool.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "dataplane/drivers.h"
#include "dataplane/headers.h"

namespace dataplane {
namespace {

constexpr uint32_t kCachedPerLcore = 256;
// What a mempool adds to an object: its header, and what spreads objects over memory channels.
constexpr size_t kMempoolOverhead = 256;
constexpr size_t kMempoolHeader = RTE_ALIGN_CEIL(sizeof(rte_mempool_objhdr), RTE_MEMPOOL_ALIGN);
constexpr size_t kPage = 4096;
// The kernel leaves so much of every buffer of net_af_xdp to XDP programs (XDP_PACKET_HEADROOM).
// A frame that does not fit what then is left is dropped by it.
constexpr uint16_t kXdpHeadroom = 256;
constexpr uint16_t kFrameOverhead = sizeof(EthernetHeader) + 8;  // two VLAN tags
constexpr const char* kIommuGroups = "/sys/kernel/iommu_groups";

// NICs fill buffers in steps of 1 kB: frames that are larger than the last whole one are lost
// (Linux: ixgbe_configure_srrctl, in both ways of driving it), so there are two at least.
constexpr uint16_t room_for(uint16_t largest_packet) {
  return static_cast<uint16_t>(
      RTE_PKTMBUF_HEADROOM +
      std::max<int>(RTE_MBUF_DEFAULT_DATAROOM, largest_packet + kFrameOverhead));
}

// The kernel takes no buffers of more than a page for net_af_xdp, and all interfaces share theirs.
constexpr uint16_t kLargestXdpPacket = kPage - kMempoolHeader - sizeof(rte_mbuf) -
                                       RTE_PKTMBUF_HEADROOM - kXdpHeadroom - kFrameOverhead;

bool has_af_xdp(const std::vector<std::string>& devices) {
  return std::any_of(devices.begin(), devices.end(), is_af_xdp);
}

struct Layout {
  uint16_t room;      // bytes of a buffer, headrooms included
  unsigned flags;     // of the mempool
  bool in_one_piece;  // all buffers must lie one after another
};

// Whether memory that is one stretch to lbd is one to a device too: pages of 4 kB lie anywhere, and
// an IOMMU may give each a place of its own.
bool stays_together_for_devices() {
  std::error_code none;
  return rte_eal_has_hugepages() != 0 && (!std::filesystem::exists(kIommuGroups, none) ||
                                          std::filesystem::is_empty(kIommuGroups, none));
}

// net_af_xdp registers one stretch of memory with the kernel: the number of buffers times the size
// of one. A mempool that puts no object across pages leaves gaps, and the buffers that so come to
// lie behind the stretch are lost, one by one, on every queue that gets them: frames are dropped
// for want of buffers though the pool is full of them. So there must be no gaps. Nor may a buffer
// lie across pages where those are apart to a NIC that the kernel lets write into them (zero copy):
// it is refused when it is offered, and lost as well (Linux: xp_desc_crosses_non_contig_pg). There
// the size of an object is made a power of two, which fills pages exactly, and beside devices that
// need it too.
Layout layout_for(const std::vector<std::string>& devices, uint16_t largest_packet) {
  const bool all_vdevs = std::all_of(devices.begin(), devices.end(), is_vdev);
  const unsigned anywhere = all_vdevs ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0U;
  const uint16_t room = room_for(largest_packet);
  // With small pages the rule would give each buffer a page of its own, and all headers few sets of
  // the caches: a MAC swap takes four times as long.
  if (!has_af_xdp(devices)) return {room, anywhere, false};
  const auto xdp_room = static_cast<uint16_t>(room + kXdpHeadroom);
  if (all_vdevs && stays_together_for_devices()) {
    return {xdp_room, anywhere | RTE_MEMPOOL_F_NO_SPREAD, true};
  }
  const size_t object = std::bit_ceil(xdp_room + sizeof(rte_mbuf) + kMempoolHeader);
  return {static_cast<uint16_t>(object - sizeof(rte_mbuf) - kMempoolHeader),
          RTE_MEMPOOL_F_NO_SPREAD, true};
}

}  // namespace

std::optional<uint16_t> BufferPool::largest_packet_for(const std::vector<std::string>& devices) {
  return has_af_xdp(devices) ? std::optional(kLargestXdpPacket) : std::nullopt;
}

std::expected<BufferPool, std::string> BufferPool::create(uint32_t buffers, uint16_t largest_packet,
                                                          const std::vector<std::string>& devices) {
  if (const auto most = largest_packet_for(devices); most && largest_packet > *most) {
    return std::unexpected("an mtu of " + std::to_string(largest_packet) +
                           " is too much where an interface is net_af_xdp: the kernel takes no "
                           "buffers for more than " +
                           std::to_string(*most));
  }
  const Layout layout = layout_for(devices, largest_packet);
  BufferPool result;
  result.pool_.reset(rte_mempool_create_empty("lbd_mbufs", buffers, sizeof(rte_mbuf) + layout.room,
                                              kCachedPerLcore, sizeof(rte_pktmbuf_pool_private),
                                              SOCKET_ID_ANY, layout.flags));
  rte_mempool* pool = result.pool_.get();
  if (pool != nullptr) {
    rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
    rte_pktmbuf_pool_private settings{};
    settings.mbuf_data_room_size = layout.room;
    rte_pktmbuf_pool_init(pool, &settings);
    if (rte_mempool_populate_default(pool) < 0) pool = nullptr;
  }
  if (pool == nullptr) {
    return std::unexpected("no memory for " + std::to_string(buffers) +
                           " mbufs: " + rte_strerror(rte_errno) +
                           "; give EAL more hugepages (or a larger \"-m\"), or lower \"mbufs\"");
  }
  if (layout.in_one_piece && pool->nb_mem_chunks != 1) {
    return std::unexpected("the memory for " + std::to_string(buffers) + " mbufs is in " +
                           std::to_string(pool->nb_mem_chunks) +
                           " pieces, and net_af_xdp needs it in one: reserve hugepages earlier, or "
                           "lower \"mbufs\"");
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return result;
}

size_t BufferPool::bytes_for(uint32_t buffers, uint16_t largest_packet) {
  // Where a buffer may not lie across pages of 4 kB, it takes one of its own or more.
  const size_t each = room_for(largest_packet) + kXdpHeadroom + sizeof(rte_mbuf) + kMempoolOverhead;
  return buffers * ((each + kPage - 1) / kPage * kPage);
}

size_t BufferPool::least_bytes_for(uint32_t buffers, uint16_t largest_packet) {
  return buffers * (room_for(largest_packet) + sizeof(rte_mbuf));
}

size_t BufferPool::bytes() const {
  size_t bytes = 0;
  rte_mempool_mem_iter(
      pool_.get(),
      [](rte_mempool*, void* sum, rte_mempool_memhdr* chunk, unsigned) {
        *static_cast<size_t*>(sum) += chunk->len;
      },
      &bytes);
  return bytes;
}

}  // namespace dataplane
