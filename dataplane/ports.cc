#include "dataplane/ports.h"

#include <rte_errno.h>
#include <rte_pci.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "dataplane/drivers.h"
#include "dataplane/eal.h"

namespace dataplane {
namespace {

// The kernel takes some time to let go of a queue of net_af_xdp whose process has ended: a director
// that is started anew would be refused. Tries for 750 ms. 0, or DPDK's last error.
template <class Try>
int insist(Try attempt) {
  using std::chrono_literals::operator""ms;
  int error = attempt();
  for (auto pause = 50ms; error != 0 && pause < 500ms; pause *= 2) {
    std::this_thread::sleep_for(pause);
    error = attempt();
  }
  return error;
}

// What failed, why as DPDK has it, and the log line that often says more.
std::string failure(const char* what, int error) {
  const std::string line = Eal::last_error();
  return std::string(what) + ": " + rte_strerror(-error) + (line.empty() ? "" : " (" + line + ")");
}

// EAL has PCI addresses in full and in lower case, and takes them in any form.
std::string name_in_eal(const std::string& device) {
  rte_pci_addr address;
  if (is_vdev(device) || rte_pci_addr_parse(device.c_str(), &address) != 0) return device;
  std::array<char, PCI_PRI_STR_SIZE> name;
  rte_pci_device_name(&address, name.data(), name.size());
  return name.data();
}

std::optional<uint16_t> find_port(const std::string& device) {
  uint16_t id;
  const bool found = rte_eth_dev_get_port_by_name(name_in_eal(device).c_str(), &id) == 0;
  return found ? std::optional(id) : std::nullopt;
}

// What drivers have told of ports, by their numbers; by EAL's interrupt thread.
enum class Told : uint8_t { kNothing, kRemoved, kMustBeReset };
std::array<std::atomic<Told>, RTE_MAX_ETHPORTS> told;

int hear(uint16_t port, rte_eth_event_type event, void*, void*) {
  told[port] = event == RTE_ETH_EVENT_INTR_RMV ? Told::kRemoved : Told::kMustBeReset;
  return 0;
}

constexpr rte_eth_event_type kLosses[] = {RTE_ETH_EVENT_INTR_RMV, RTE_ETH_EVENT_INTR_RESET};

std::string not_brought_up(const std::string& device) {
  const std::string line = Eal::last_error();
  // A PCI address has colons, a vdev's name has none.
  const bool is_pci = device.find(':') != std::string::npos;
  const std::string hint =
      is_pci ? "is there such a device (lspci -D), bound to vfio-pci (mlx5: to its kernel driver)?"
             : "is it in \"eal\", as --vdev=" + device + ",… and does its netdev exist?";
  return "device \"" + device + "\" was not brought up by DPDK: " + hint +
         (line.empty() ? "" : " (" + line + ")");
}

}  // namespace

uint16_t Port::likely_queues(const std::string& device, WorkerNumber workers) {
  return counts_its_queues(device) ? 1 : workers;
}

std::optional<std::string> Port::why_missing(const std::string& device) {
  return find_port(device) ? std::nullopt : std::optional(not_brought_up(device));
}

std::expected<Port, std::string> Port::start(const std::string& device, uint16_t mtu,
                                             const BufferPool& pool, WorkerNumber workers) {
  const std::optional<uint16_t> id = find_port(device);
  if (!id) return std::unexpected(not_brought_up(device));
  Port port(*id);
  const std::string error = port.configure(mtu, pool, workers);
  if (!error.empty()) return std::unexpected("device \"" + device + "\": " + error);
  return port;
}

std::string Port::configure(uint16_t mtu, const BufferPool& pool, WorkerNumber workers) {
  rte_eth_dev_info info{};
  int error = rte_eth_dev_info_get(id_, &info);
  if (error != 0) return failure("cannot be asked for its abilities", error);
  if (mtu > info.max_mtu) {
    return "an mtu of " + std::to_string(mtu) + " is more than its " + std::to_string(info.max_mtu);
  }
  netdev_ = Netdev(info.if_index);
  is_af_xdp_ = is_af_xdp(info.driver_name);
  is_bond_ = dataplane::is_bond(info.driver_name);
  if (is_af_xdp_) original_drops_ = netdev_.receive_drops().value_or(0);
  // XDP is not told of tags that the device has taken out: another VLAN's frames would be ours.
  if (is_af_xdp_ && netdev_.takes_tags_out()) {
    took_tags_out_ = netdev_.take_tags_out(false);
    hides_tags_ = !took_tags_out_;
  }
  const uint16_t mtu_before = current_mtu();  // configuring changes what DPDK says of it

  receive_queues_ =
      counts_its_queues(info.driver_name)
          ? std::max<uint16_t>(info.max_rx_queues, 1)
          : std::clamp<uint16_t>(workers, 1, std::max<uint16_t>(info.max_rx_queues, 1));
  // net_af_xdp has its queues in pairs.
  transmit_queues_ =
      is_af_xdp_ ? receive_queues_
                 : std::clamp<uint16_t>(workers, 1, std::max<uint16_t>(info.max_tx_queues, 1));

  rte_eth_conf conf{};
  conf.rxmode.mtu = mtu;
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  multi_segment_ = conf.txmode.offloads != 0;
  constexpr uint64_t kHashes = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
  // Some take a power of two alone (vmxnet3).
  const uint16_t wanted = receive_queues_;
  for (const uint16_t queues : {wanted, std::bit_floor(wanted), uint16_t{1}}) {
    const uint64_t hashes = queues > 1 ? info.flow_type_rss_offloads & kHashes : 0;
    conf.rxmode.mq_mode = hashes != 0 ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE;
    conf.rx_adv_conf.rss_conf.rss_hf = hashes;
    receive_queues_ = queues;
    error = rte_eth_dev_configure(id_, receive_queues_, transmit_queues_, &conf);
    if (error != -EINVAL || counts_its_queues(info.driver_name)) break;
  }
  if (error != 0) return failure("cannot be configured", error);
  // With a larger one the kernel may take no XDP program. A queue may turn out to be another
  // process's, whose device is otherwise left alone.
  std::string refused = mtu < mtu_before ? set_mtu(mtu_before, mtu) : "";
  if (refused.empty()) refused = set_up_queues(pool);
  if (refused.empty() && mtu > mtu_before) refused = set_mtu(mtu_before, mtu);
  if (!refused.empty()) return refused;
  told[id_] = Told::kNothing;
  for (const rte_eth_event_type event : kLosses) {
    rte_eth_dev_callback_register(id_, event, hear, nullptr);
  }
  error = rte_eth_dev_start(id_);
  if (error != 0) return failure("cannot be started", error);
  started_ = true;

  rte_ether_addr mac;
  error = rte_eth_macaddr_get(id_, &mac);
  if (error != 0) return failure("has no MAC address", error);
  std::memcpy(mac_.bytes.data(), mac.addr_bytes, sizeof mac.addr_bytes);
  if (mac_.is_zero()) return "has no MAC address, but 00:00:00:00:00:00";
  device_mac_ = current_mac();
  return "";
}

// Some drivers say what they have been told, whatever their netdev has.
uint16_t Port::current_mtu() const {
  uint16_t told = 0;
  rte_eth_dev_get_mtu(id_, &told);
  return netdev_.exists() ? netdev_.mtu().value_or(told) : told;
}

std::string Port::set_mtu(uint16_t before, uint16_t mtu) {
  int error = rte_eth_dev_set_mtu(id_, mtu);
  // A driver that has nothing to set took it when it was configured.
  if (error == -ENOTSUP && (!netdev_.exists() || netdev_.set_mtu(mtu))) error = 0;
  if (error != 0) return failure(("cannot take an mtu of " + std::to_string(mtu)).c_str(), error);
  original_mtu_ = before;
  return "";
}

std::string Port::set_up_queues(const BufferPool& pool) {
  uint16_t receive = kDescriptors;
  uint16_t transmit = kDescriptors;
  rte_eth_dev_adjust_nb_rx_tx_desc(id_, &receive, &transmit);
  const auto socket_id = static_cast<unsigned>(socket());
  for (uint16_t queue = 0; queue < receive_queues_; ++queue) {
    const int error = insist([&] {
      return rte_eth_rx_queue_setup(id_, queue, receive, socket_id, nullptr, pool.get());
    });
    if (error != 0) {
      // net_af_xdp says EINVAL to all.
      return failure(
          "its receive queue cannot be set up; does another process use the queue, is the netdev's "
          "own MTU too large for XDP, or does its driver know none (then xdpgeneric, see README)?",
          error);
    }
  }
  for (uint16_t queue = 0; queue < transmit_queues_; ++queue) {
    const int error = rte_eth_tx_queue_setup(id_, queue, transmit, socket_id, nullptr);
    if (error != 0) return failure("its transmit queue cannot be set up", error);
  }
  return "";
}

Port::Port(Port&& other) noexcept
    : id_(std::exchange(other.id_, kNone)),
      original_mtu_(other.original_mtu_),
      original_drops_(other.original_drops_),
      is_af_xdp_(other.is_af_xdp_),
      is_bond_(other.is_bond_),
      started_(other.started_),
      multi_segment_(other.multi_segment_),
      took_tags_out_(std::exchange(other.took_tags_out_, false)),
      hides_tags_(other.hides_tags_),
      receive_queues_(other.receive_queues_),
      transmit_queues_(other.transmit_queues_),
      mac_(other.mac_),
      device_mac_(other.device_mac_),
      netdev_(std::move(other.netdev_)) {}

Port::~Port() {
  if (id_ == kNone) return;
  for (const rte_eth_event_type event : kLosses) {
    rte_eth_dev_callback_unregister(id_, event, hear, nullptr);
  }
  if (started_) rte_eth_dev_stop(id_);
  if (original_mtu_ && !netdev_.exists()) rte_eth_dev_set_mtu(id_, *original_mtu_);
  // A port that did not start may be another process's, see Eal::abandon.
  if (started_) rte_eth_dev_close(id_);
  // A netdev is left with the mtu it was given, and may have had more than its driver here allows,
  // or than the kernel does while it has an XDP program.
  if (original_mtu_ && netdev_.exists()) netdev_.set_mtu(*original_mtu_);
  if (took_tags_out_) netdev_.take_tags_out(true);
}

bool Port::link_up() const {
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(id_, &link) != 0 || link.link_status != RTE_ETH_LINK_UP) return false;
  return !netdev_.exists() || netdev_.running();
}

std::optional<std::string> Port::why_lost() const {
  if (netdev_.exists() && netdev_.is_gone()) return "its netdev is gone";
  switch (told[id_]) {
    case Told::kRemoved:
      return "it was removed";
    case Told::kMustBeReset:
      return "its driver asks for a reset";
    case Told::kNothing:
      break;
  }
  return std::nullopt;
}

std::optional<lb::MacAddress> Port::changed_mac() const {
  const lb::MacAddress now = current_mac();
  return now == device_mac_ ? std::nullopt : std::optional(now);
}

// Of a netdev where there is one, whose address the port may not have (net_pcap).
lb::MacAddress Port::current_mac() const {
  if (netdev_.exists()) return netdev_.mac().value_or(mac_);
  rte_ether_addr address;
  if (rte_eth_macaddr_get(id_, &address) != 0) return mac_;
  lb::MacAddress mac;
  std::memcpy(mac.bytes.data(), address.addr_bytes, sizeof address.addr_bytes);
  return mac;
}

bool Port::take_groups() {
  return rte_eth_allmulticast_enable(id_) == 0 || netdev_.take_groups() ||
         rte_eth_promiscuous_enable(id_) == 0;
}

PortCounters Port::counters() const {
  rte_eth_stats stats{};
  rte_eth_stats_get(id_, &stats);
  // What finds net_af_xdp's ring full is dropped by the kernel, which alone counts it.
  if (is_af_xdp_) {
    const uint64_t drops = netdev_.receive_drops().value_or(original_drops_);
    stats.imissed = std::max(stats.imissed, drops - std::min(drops, original_drops_));
  }
  return {stats.ipackets,  stats.ibytes,   stats.imissed, stats.ierrors,
          stats.rx_nombuf, stats.opackets, stats.obytes,  stats.oerrors};
}

}  // namespace dataplane
