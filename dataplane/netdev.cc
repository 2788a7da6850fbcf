#include "dataplane/netdev.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dataplane {

Netdev::Netdev(unsigned index) : index_(index) {
  if (exists()) socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) index_ = 0;
}

Netdev::~Netdev() {
  if (socket_ >= 0) close(socket_);
}

bool Netdev::running() const {
  // By its number, since it may be renamed.
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index_);
  if (ioctl(socket_, SIOCGIFNAME, &request) != 0) return false;
  if (ioctl(socket_, SIOCGIFFLAGS, &request) != 0) return false;
  constexpr int kRunning = IFF_UP | IFF_RUNNING;
  return (request.ifr_flags & kRunning) == kRunning;
}

}  // namespace dataplane
