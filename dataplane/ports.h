// DPDK's ports and buffers, owned. No raw handle leaves this file pair.
#pragma once

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/netdev.h"
#include "dataplane/queues.h"
#include "lb/address.h"

namespace dataplane {

class BufferPool {
 public:
  // `largest_packet`: the largest IP packet of any interface, bytes. `devices`: whose buffers these
  // will be. The error names what an mtu may be at most, where that is the reason.
  static std::expected<BufferPool, std::string> create(uint32_t buffers, uint16_t largest_packet,
                                                       const std::vector<std::string>& devices);
  // Bytes that create will take at most, and at least.
  static size_t bytes_for(uint32_t buffers, uint16_t largest_packet);
  static size_t least_bytes_for(uint32_t buffers, uint16_t largest_packet);
  // Bytes of one buffer with all that belongs to it.
  size_t object_bytes() const { return pool_->header_size + pool_->elt_size + pool_->trailer_size; }

  rte_mempool* get() const { return pool_.get(); }
  uint32_t total() const { return pool_->size; }
  size_t bytes() const;
  uint32_t in_use() const { return rte_mempool_in_use_count(pool_.get()); }

 private:
  struct Free {
    void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
  };
  std::unique_ptr<rte_mempool, Free> pool_;
};

struct PortCounters {
  uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_no_mbuf, tx_packets, tx_bytes, tx_errors;
};

// A port with its queues; once started, it is stopped and closed, with its MTU as it was, at the
// end.
class Port {
 public:
  // Descriptors of a receive or transmit queue, where the device allows that many.
  static constexpr uint16_t kDescriptors = 1024;

  // Why EAL has no such device, if it has none.
  static std::optional<std::string> why_missing(const std::string& device);
  // `device`: a PCI address or a vdev's name. It gets a queue each way for every worker, as far as
  // it has them; a vdev whose queues are counted by its arguments gets all of these served.
  static std::expected<Port, std::string> start(const std::string& device, uint16_t mtu,
                                                const BufferPool& pool, WorkerNumber workers);
  Port(Port&& other) noexcept;
  Port& operator=(Port&&) = delete;
  ~Port();

  // How many queues each way it will probably have, known before EAL starts.
  static uint16_t likely_queues(const std::string& device, WorkerNumber workers);

  uint16_t id() const { return id_; }
  const lb::MacAddress& mac() const { return mac_; }
  bool multi_segment() const { return multi_segment_; }
  uint16_t receive_queues() const { return receive_queues_; }
  uint16_t transmit_queues() const { return transmit_queues_; }
  // The NUMA node that it hangs on, or SOCKET_ID_ANY.
  int socket() const { return rte_eth_dev_socket_id(id_); }
  // Where a netdev of the kernel stands behind the port it is asked too: net_af_xdp and
  // net_af_packet say that their link is up whatever has become of it.
  bool link_up() const;
  PortCounters counters() const;

 private:
  explicit Port(uint16_t id) : id_(id) {}
  std::string configure(uint16_t mtu, const BufferPool& pool, WorkerNumber workers);
  uint16_t current_mtu() const;
  std::string set_mtu(uint16_t before, uint16_t mtu);
  std::string set_up_queues(const BufferPool& pool);

  static constexpr uint16_t kNone = RTE_MAX_ETHPORTS;
  uint16_t id_;
  std::optional<uint16_t> original_mtu_;  // where it has another one now
  uint64_t original_drops_ = 0;
  bool is_af_xdp_ = false;
  bool started_ = false;
  bool multi_segment_ = false;
  uint16_t receive_queues_ = 1;
  uint16_t transmit_queues_ = 1;
  lb::MacAddress mac_;
  Netdev netdev_{0};
};

// A worker's way to its queues.
class PortIo final : public Io {
 public:
  PortIo(const std::vector<Port>& ports, const WorkerQueues& queues, const BufferPool& pool);
  // Of all the link's queues that are the worker's.
  uint16_t receive(LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  // Precondition: the worker has a transmit queue of the link.
  uint16_t transmit(LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  rte_mbuf* allocate() override;
  void release(rte_mbuf** packets, uint16_t count) override;

 private:
  struct Queue {
    uint16_t port;  // DPDK's number
    uint16_t queue;
  };
  struct Receiver {
    std::vector<Queue> queues;
    size_t next = 0;  // where the next burst begins, so that a busy queue starves no other
  };
  std::vector<Receiver> receivers_;  // by link
  std::vector<Queue> transmitters_;  // by link
  rte_mempool* pool_;
};

}  // namespace dataplane
