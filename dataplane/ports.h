// DPDK's ports, owned.
#pragma once

#include <rte_ethdev.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/buffer_pool.h"
#include "dataplane/netdev.h"
#include "dataplane/queues.h"
#include "lb/address.h"

namespace dataplane {

struct PortCounters {
  uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_no_mbuf, tx_packets, tx_bytes, tx_errors;
};

// A port with its queues; once started, it is stopped and closed at the end, with what was changed
// of its device as it was.
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
  bool is_bond() const { return is_bond_; }
  // Whether frames of other VLANs look like untagged ones, and nothing can be done about it.
  bool hides_tags() const { return hides_tags_; }
  uint16_t receive_queues() const { return receive_queues_; }
  // The netdev behind a port of net_af_xdp, of whose queues other ports may serve others; nullptr:
  // it is none.
  const Netdev* shared_netdev() const { return is_af_xdp_ ? &netdev_ : nullptr; }
  uint16_t transmit_queues() const { return transmit_queues_; }
  // The NUMA node that it hangs on, or SOCKET_ID_ANY.
  int socket() const { return rte_eth_dev_socket_id(id_); }
  // Where a netdev of the kernel stands behind the port it is asked too: net_af_xdp and
  // net_af_packet say that their link is up whatever has become of it.
  bool link_up() const;
  // Why nothing more will come of the device, if that is so: it was taken away, or must be set up
  // anew from the start.
  std::optional<std::string> why_lost() const;
  // The address that the device has, if it had another one at the start.
  std::optional<lb::MacAddress> changed_mac() const;
  // Has the device take frames to all group addresses, as a kernel behind it needs that speaks VRRP
  // or OSPF: by themselves devices pass on only their own address's and broadcasts. False: nothing
  // makes it do so.
  bool take_groups();
  PortCounters counters() const;

 private:
  explicit Port(uint16_t id) : id_(id) {}
  std::string configure(uint16_t mtu, const BufferPool& pool, WorkerNumber workers);
  uint16_t current_mtu() const;
  lb::MacAddress current_mac() const;
  std::string set_mtu(uint16_t before, uint16_t mtu);
  std::string set_up_queues(const BufferPool& pool);

  static constexpr uint16_t kNone = RTE_MAX_ETHPORTS;
  uint16_t id_;
  std::optional<uint16_t> original_mtu_;  // where it has another one now
  uint64_t original_drops_ = 0;
  bool is_af_xdp_ = false;
  bool is_bond_ = false;
  bool started_ = false;
  bool multi_segment_ = false;
  bool took_tags_out_ = false;  // and does not for as long as this lives
  bool hides_tags_ = false;
  uint16_t receive_queues_ = 1;
  uint16_t transmit_queues_ = 1;
  lb::MacAddress mac_;
  lb::MacAddress device_mac_;  // at the start
  Netdev netdev_{0};
};

}  // namespace dataplane
