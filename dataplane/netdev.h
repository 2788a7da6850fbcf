// A network device of the kernel that stands behind a port (net_af_xdp, net_af_packet, net_tap).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "lb/address.h"

struct ifreq;

namespace dataplane {

class Netdev {
 public:
  // `index`: the kernel's; 0, or in lbd's network namespace nobody's: there is none.
  explicit Netdev(unsigned index);
  Netdev(Netdev&& other) noexcept
      : index_(std::exchange(other.index_, 0)),
        socket_(std::exchange(other.socket_, -1)),
        member_(std::exchange(other.member_, -1)) {}
  Netdev& operator=(Netdev&& other) noexcept {
    std::swap(index_, other.index_);
    std::swap(socket_, other.socket_);
    std::swap(member_, other.member_);
    return *this;
  }
  ~Netdev();

  bool exists() const { return index_ != 0; }
  unsigned index() const { return index_; }
  bool is_gone() const;  // it has been deleted, or moved to another network namespace
  // nullopt: it is gone.
  std::optional<lb::MacAddress> mac() const;
  // Up, with a carrier (IFF_RUNNING, netdevice(7)). False as well when it has been deleted.
  bool running() const;
  // Bytes of an IP packet; nullopt: it has been deleted.
  std::optional<uint16_t> mtu() const;
  bool set_mtu(uint16_t mtu) const;  // false: refused
  // Queues that frames come in by; nullopt: it does not say.
  std::optional<uint32_t> receive_queues() const;
  // Frames that it had to drop on their way in, since it was made; nullopt: nobody says.
  std::optional<uint64_t> receive_drops() const;
  // Whether it takes VLAN tags out of frames, which the kernel alone is told of (ethtool's rxvlan).
  bool takes_tags_out() const;
  bool take_tags_out(bool out) const;  // false: refused
  // Has it take frames to all group addresses, for as long as this lives (packet(7),
  // PACKET_MR_ALLMULTI). False: the kernel refuses.
  bool take_groups();

 private:
  bool name(ifreq& request) const;
  bool ask_ethtool(void* command) const;  // false: it does not answer, or refuses

  unsigned index_;
  int socket_ = -1;  // any will do to ask through
  int member_ = -1;  // receives nothing: as long as it is open, groups are taken
};

}  // namespace dataplane
