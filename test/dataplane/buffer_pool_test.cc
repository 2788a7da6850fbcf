// The buffers that all ports share.
#include "dataplane/buffer_pool.h"

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <algorithm>

#include "test/dataplane/support/eal.h"

namespace {

using dataplane::BufferPool;

std::expected<BufferPool, std::string> pool(uint16_t mtu, const std::vector<std::string>& devices) {
  dataplane_test::started_eal();
  return BufferPool::create(1024, mtu, devices);
}

}  // namespace

// The kernel registers whole pages, and no buffer beyond one.
TEST_CASE("beside a device that needs physical addresses buffers of net_af_xdp fill pages") {
  const uint16_t mtu = GENERATE(68, 1500, 3000, 3498);
  const auto made = pool(mtu, {"net_af_xdp0", "0000:3b:00.0"});
  INFO((made ? "" : made.error()));
  REQUIRE(made);
  CHECK(made->object_bytes() == 4096);
}

// Of a buffer of net_af_xdp the kernel takes XDP_PACKET_HEADROOM, which DPDK does not know of.
TEST_CASE("buffers of net_af_xdp hold a packet behind the kernel's own headroom") {
  const uint16_t mtu = GENERATE(1500, 1779, 2000, 3498);
  const auto made = pool(mtu, {"net_af_xdp0", "net_af_xdp1"});
  INFO((made ? "" : made.error()));
  REQUIRE(made);
  CHECK(made->object_bytes() <= 4096);
  const int room = rte_pktmbuf_data_room_size(made->get()) - RTE_PKTMBUF_HEADROOM - 256;
  CHECK(room >= 14 + 8 + mtu);
  CHECK(room / 1024 * 1024 >= std::min(2048, 14 + 8 + mtu));
}

// The kernel refuses one that does, where a NIC is to write into it.
TEST_CASE("no buffer of net_af_xdp lies across small pages") {
  const auto made = pool(1500, {"net_af_xdp0"});
  REQUIRE(made);
  if (rte_eal_has_hugepages() != 0) return;
  bool crosses = false;
  rte_mempool_obj_iter(
      made->get(),
      [](rte_mempool* all, void* told, void* object, unsigned) {
        const auto first = reinterpret_cast<uintptr_t>(object) - all->header_size;
        const uintptr_t last = first + all->header_size + all->elt_size - 1;
        *static_cast<bool*>(told) |= first / 4096 != last / 4096;
      },
      &crosses);
  CHECK_FALSE(crosses);
}

TEST_CASE("an mtu for which net_af_xdp has no buffers is refused, and no other") {
  const auto refused = pool(3499, {"0000:3b:00.0", "net_af_xdp0"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() ==
        "an mtu of 3499 is too much where an interface is net_af_xdp: the kernel takes no buffers "
        "for more than 3498");
  CHECK(pool(9000, {"0000:3b:00.0", "net_ring0"}));
}
