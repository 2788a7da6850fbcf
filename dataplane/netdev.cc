#include "dataplane/netdev.h"

#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace dataplane {

Netdev::Netdev(unsigned index) : index_(index) {
  if (exists()) socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // What a driver says may be of another network namespace.
  if (socket_ < 0 || is_gone()) index_ = 0;
}

Netdev::~Netdev() {
  if (socket_ >= 0) close(socket_);
  if (member_ >= 0) close(member_);
}

// By its number, since it may be renamed.
bool Netdev::name(ifreq& request) const {
  request = {};
  request.ifr_ifindex = static_cast<int>(index_);
  return ioctl(socket_, SIOCGIFNAME, &request) == 0;
}

// ethtool(8)'s own way: `command` is one of its structures, which begins with what is asked.
bool Netdev::ask_ethtool(void* command) const {
  ifreq request;
  if (!name(request)) return false;
  request.ifr_data = static_cast<char*>(command);
  return ioctl(socket_, SIOCETHTOOL, &request) == 0;
}

bool Netdev::is_gone() const {
  ifreq request;
  return !name(request);
}

std::optional<lb::MacAddress> Netdev::mac() const {
  ifreq request;
  if (!name(request) || ioctl(socket_, SIOCGIFHWADDR, &request) != 0) return std::nullopt;
  lb::MacAddress mac;
  std::memcpy(mac.bytes.data(), request.ifr_hwaddr.sa_data, mac.bytes.size());
  return mac;
}

std::optional<uint16_t> Netdev::mtu() const {
  ifreq request;
  if (!name(request) || ioctl(socket_, SIOCGIFMTU, &request) != 0) return std::nullopt;
  return static_cast<uint16_t>(request.ifr_mtu);
}

bool Netdev::set_mtu(uint16_t mtu) const {
  ifreq request;
  if (!name(request)) return false;
  request.ifr_mtu = mtu;
  return ioctl(socket_, SIOCSIFMTU, &request) == 0;
}

std::optional<uint32_t> Netdev::receive_queues() const {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (!ask_ethtool(&channels)) return std::nullopt;
  return channels.rx_count + channels.combined_count;
}

std::optional<uint64_t> Netdev::receive_drops() const {
  ifreq request;
  if (!name(request)) return std::nullopt;
  // "  eth0: bytes packets errs drop …", in lbd's network namespace whatever /sys shows.
  std::ifstream devices("/proc/self/net/dev");
  const std::string wanted = std::string(request.ifr_name) + ":";
  for (std::string line; std::getline(devices, line);) {
    std::istringstream words(line);
    std::string word;
    uint64_t bytes, packets, errors, drops;
    if (words >> word && word == wanted && words >> bytes >> packets >> errors >> drops) {
      return drops;
    }
  }
  return std::nullopt;
}

bool Netdev::takes_tags_out() const {
  ethtool_value flags{ETHTOOL_GFLAGS, 0};
  return ask_ethtool(&flags) && (flags.data & ETH_FLAG_RXVLAN) != 0;
}

bool Netdev::take_tags_out(bool out) const {
  ethtool_value flags{ETHTOOL_GFLAGS, 0};
  if (!ask_ethtool(&flags)) return false;
  flags.cmd = ETHTOOL_SFLAGS;
  flags.data = out ? flags.data | ETH_FLAG_RXVLAN : flags.data & ~uint32_t{ETH_FLAG_RXVLAN};
  return ask_ethtool(&flags) && takes_tags_out() == out;
}

bool Netdev::take_groups() {
  if (!exists()) return false;
  if (member_ < 0) member_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  packet_mreq wish{};
  wish.mr_ifindex = static_cast<int>(index_);
  wish.mr_type = PACKET_MR_ALLMULTI;
  return setsockopt(member_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &wish, sizeof wish) == 0;
}

bool Netdev::running() const {
  ifreq request;
  if (!name(request) || ioctl(socket_, SIOCGIFFLAGS, &request) != 0) return false;
  constexpr int kRunning = IFF_UP | IFF_RUNNING;
  return (request.ifr_flags & kRunning) == kRunning;
}

}  // namespace dataplane
