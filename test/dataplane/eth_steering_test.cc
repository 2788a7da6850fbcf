// What DPDK's own devices answer when they are asked to steer. None without hardware agrees, so
// this is about refusals: they are told in words, and leave the device as it was. EAL starts once
// per process, hence one test case.
#include "dataplane/eth_steering.h"

#include <catch2/catch.hpp>

#include "dataplane/ports.h"
#include "test/dataplane/support/eal.h"

using namespace dataplane;

namespace {

void start(uint16_t port, uint16_t queues, rte_mempool* pool) {
  rte_eth_conf conf{};
  conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  REQUIRE(rte_eth_dev_configure(port, queues, queues, &conf) == 0);
  for (uint16_t queue = 0; queue < queues; ++queue) {
    REQUIRE(rte_eth_rx_queue_setup(port, queue, 64, 0, nullptr, pool) == 0);
    REQUIRE(rte_eth_tx_queue_setup(port, queue, 64, 0, nullptr) == 0);
  }
  REQUIRE(rte_eth_dev_start(port) == 0);
}

}  // namespace

TEST_CASE("a device without rules and one-ended hash refuses in words; a pool has no gaps",
          "[steering]") {
  dataplane_test::started_eal();
  {
    // net_af_xdp needs its buffers one after another.
    const auto packed = BufferPool::create(4095, 1500, {"net_af_xdp0", "net_null0"});
    REQUIRE(packed);
    struct Extent {
      const char* first = nullptr;
      const char* last = nullptr;
    } extent;
    rte_mempool_obj_iter(
        packed->get(),
        [](rte_mempool*, void* to, void* object, unsigned) {
          auto& seen = *static_cast<Extent*>(to);
          const auto* at = static_cast<const char*>(object);
          if (seen.first == nullptr || at < seen.first) seen.first = at;
          if (seen.last == nullptr || at > seen.last) seen.last = at;
        },
        &extent);
    const rte_mempool& mempool = *packed->get();
    CHECK(extent.last - extent.first ==
          4094 * static_cast<ptrdiff_t>(mempool.header_size + mempool.elt_size +
                                        mempool.trailer_size));
  }
  const auto pool = BufferPool::create(1023, 1500, {"net_null0", "net_ring0"});
  REQUIRE(pool);
  uint16_t null_port;
  uint16_t ring_port;
  REQUIRE(rte_eth_dev_get_port_by_name("net_null0", &null_port) == 0);
  REQUIRE(rte_eth_dev_get_port_by_name("net_ring0", &ring_port) == 0);
  start(null_port, 2, pool->get());
  start(ring_port, 1, pool->get());

  EthSteering null_device(null_port);
  EthSteering ring_device(ring_port);
  CHECK(null_device.receive_queues() == 2);
  CHECK(null_device.table_size() == 128);
  CHECK(ring_device.receive_queues() == 1);
  CHECK(ring_device.table_size() == 0);

  const std::vector<SteeredPort> alone{{"net_null0", &null_device, true, false}};
  CHECK(agree_on_steering(2, alone, {}).ports[0].why_ring ==
        "net_null0: rte_flow: its driver has none; rss: its driver cannot hash TCP and UDP on one "
        "end alone");
  CHECK(null_device.release());

  const std::vector<SteeredPort> both{{"net_null0", &null_device, true, false},
                                      {"net_ring0", &ring_device, false, true}};
  const Agreement agreement = agree_on_steering(2, both, {});
  CHECK(agreement.ports[0].why_ring == "net_null0: not steered, since net_ring0 cannot be");
  CHECK(agreement.ports[1].why_ring == "net_ring0: has 1 receive queue for 2 workers");

  for (const uint16_t port : {null_port, ring_port}) {
    rte_eth_dev_stop(port);
    rte_eth_dev_close(port);
  }
}
