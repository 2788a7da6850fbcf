// What must be known of DPDK's drivers by their names. A vdev is named after its driver, with
// anything behind.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

namespace dataplane {

inline bool is_vdev(std::string_view device) { return device.starts_with("net_"); }
inline bool is_af_xdp(std::string_view device) { return device.starts_with("net_af_xdp"); }
inline bool is_bond(std::string_view device) { return device.starts_with("net_bonding"); }

// Whether its queues are as many as the vdev's arguments say: each has something behind it, and
// what arrives on one that nobody serves is lost.
inline bool counts_its_queues(std::string_view device) {
  constexpr std::string_view kDrivers[] = {"net_af_xdp", "net_af_packet", "net_pcap", "net_vhost"};
  return std::any_of(std::begin(kDrivers), std::end(kDrivers),
                     [&](std::string_view driver) { return device.starts_with(driver); });
}

}  // namespace dataplane
