#include "control/tap_device.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace control {
namespace {

struct Put {
  void operator()(rtnl_link* link) const { rtnl_link_put(link); }
  void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
  void operator()(nl_addr* address) const { nl_addr_put(address); }
};
template <class T>
using Owned = std::unique_ptr<T, Put>;

std::string explain_open(int error) {
  const char* hint = error == ENOENT   ? "; is the module tun loaded?"
                     : error == EPERM  ? "; lbd needs CAP_NET_ADMIN"
                     : error == EACCES ? "; lbd needs CAP_NET_ADMIN"
                                       : "";
  return fmt::format("/dev/net/tun: {}{}", std::strerror(error), hint);
}

// Best effort: a kernel without IPv6 has no such file.
void write_setting(const std::string& family, const std::string& device, const char* key,
                   const char* value) {
  std::ofstream("/proc/sys/net/" + family + "/conf/" + device + "/" + key) << value;
}

}  // namespace

void TapDevice::Close::operator()(nl_sock* socket) const { nl_socket_free(socket); }

std::expected<TapDevice, std::string> TapDevice::create(const Settings& settings) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return std::unexpected(explain_open(errno));
  TapDevice device(settings.name, fd);
  ifreq request{};
  settings.name.copy(request.ifr_name, IFNAMSIZ - 1);
  // Exclusively: somebody else's TAP would outlive lbd.
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
  if (ioctl(fd, TUNSETIFF, &request) != 0) {
    return std::unexpected(errno == EBUSY   ? std::string("there is a network device of that name")
                           : errno == EPERM ? explain_open(errno)
                                            : std::string(std::strerror(errno)));
  }
  if (auto done = device.set_up(settings); !done) return std::unexpected(done.error());
  return device;
}

std::expected<void, std::string> TapDevice::set_up(const Settings& settings) {
  // Before it is up, so that the kernel sends nothing from it.
  write_setting("ipv6", name_, "disable_ipv6", "1");
  // Else an address that goes would take the others of its prefix with it.
  write_setting("ipv4", name_, "promote_secondaries", "1");
  netlink_.reset(nl_socket_alloc());
  if (!netlink_) return std::unexpected("no memory for netlink");
  int error = nl_connect(netlink_.get(), NETLINK_ROUTE);
  if (error != 0) return std::unexpected(fmt::format("netlink: {}", nl_geterror(error)));

  rtnl_link* found = nullptr;
  error = rtnl_link_get_kernel(netlink_.get(), 0, name_.c_str(), &found);
  if (error != 0) return std::unexpected(fmt::format("netlink: {}", nl_geterror(error)));
  const Owned<rtnl_link> link(found);
  index_ = rtnl_link_get_ifindex(link.get());
  if (std::string why = change_link(settings, IFF_UP); !why.empty()) return std::unexpected(why);
  return {};
}

std::string TapDevice::change_link(const Settings& settings, unsigned flags) {
  const Owned<rtnl_link> link(rtnl_link_alloc());
  rtnl_link_set_ifindex(link.get(), index_);
  const Owned<rtnl_link> change(rtnl_link_alloc());
  const Owned<nl_addr> mac(nl_addr_build(AF_LLC, settings.mac.bytes.data(), 6));
  rtnl_link_set_addr(change.get(), mac.get());
  rtnl_link_set_mtu(change.get(), settings.mtu);
  if (flags != 0) rtnl_link_set_flags(change.get(), flags);
  const int error = rtnl_link_change(netlink_.get(), link.get(), change.get(), 0);
  if (error == 0) return "";
  return fmt::format("cannot get MAC address {} and mtu {}: {}", settings.mac.to_string(),
                     settings.mtu, nl_geterror(error));
}

std::string TapDevice::restore(const Settings& settings) { return change_link(settings, 0); }

TapDevice::TapDevice(TapDevice&& other) noexcept
    : name_(std::move(other.name_)),
      fd_(std::exchange(other.fd_, -1)),
      index_(other.index_),
      netlink_(std::move(other.netlink_)),
      addresses_(std::move(other.addresses_)) {}

TapDevice& TapDevice::operator=(TapDevice&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(fd_, other.fd_);
  std::swap(index_, other.index_);
  std::swap(netlink_, other.netlink_);
  std::swap(addresses_, other.addresses_);
  return *this;
}

TapDevice::~TapDevice() {
  if (fd_ >= 0) close(fd_);
}

int TapDevice::release_fd() { return std::exchange(fd_, -1); }

// What went wrong, or nothing: an address that is there, or is gone, already is as good.
std::string TapDevice::change_address(const lb::Prefix& address, bool add) {
  const lb::Ipv4Address bits = address.address.ipv4();
  const Owned<nl_addr> local(nl_addr_build(AF_INET, &bits, sizeof bits));
  nl_addr_set_prefixlen(local.get(), address.length);
  const Owned<rtnl_addr> entry(rtnl_addr_alloc());
  rtnl_addr_set_ifindex(entry.get(), index_);
  rtnl_addr_set_local(entry.get(), local.get());
  const int error = add ? rtnl_addr_add(netlink_.get(), entry.get(), 0)
                        : rtnl_addr_delete(netlink_.get(), entry.get(), 0);
  const bool as_wanted = error == 0 || (add && error == -NLE_EXIST) ||
                         (!add && (error == -NLE_NOADDR || error == -NLE_OBJ_NOTFOUND));
  if (as_wanted) return "";
  return fmt::format("address {}: {}", address.to_string(), nl_geterror(error));
}

std::optional<TapDevice::State> TapDevice::state() const {
  rtnl_link* found = nullptr;
  if (rtnl_link_get_kernel(netlink_.get(), index_, nullptr, &found) != 0) return std::nullopt;
  const Owned<rtnl_link> link(found);
  State result{.name = rtnl_link_get_name(link.get()),
               .mac = {},
               .mtu = rtnl_link_get_mtu(link.get()),
               .up = (rtnl_link_get_flags(link.get()) & IFF_UP) != 0};
  const nl_addr* mac = rtnl_link_get_addr(link.get());
  if (mac != nullptr && nl_addr_get_len(mac) == result.mac.bytes.size()) {
    std::memcpy(result.mac.bytes.data(), nl_addr_get_binary_addr(mac), result.mac.bytes.size());
  }
  return result;
}

std::expected<void, std::string> TapDevice::set_carrier(bool carrier) {
  const Owned<rtnl_link> link(rtnl_link_alloc());
  const Owned<rtnl_link> change(rtnl_link_alloc());
  rtnl_link_set_ifindex(link.get(), index_);
  rtnl_link_set_carrier(change.get(), carrier ? 1 : 0);
  const int error = rtnl_link_change(netlink_.get(), link.get(), change.get(), 0);
  if (error != 0) {
    return std::unexpected(
        fmt::format("cannot tell the kernel of the link: {}", nl_geterror(error)));
  }
  return {};
}

std::vector<lb::Prefix> TapDevice::restore_addresses(const std::string& name,
                                                     const std::vector<KernelAddress>& there) {
  std::vector<lb::Prefix> missing;
  for (const lb::Prefix& address : addresses_) {
    if (std::ranges::find(there, KernelAddress{name, address.address}) != there.end()) continue;
    if (change_address(address, true).empty()) missing.push_back(address);
  }
  return missing;
}

std::expected<void, std::string> TapDevice::set_addresses(const std::vector<lb::Prefix>& wanted) {
  std::string fault;
  const auto change = [&](const lb::Prefix& address, bool add) {
    std::string failed = change_address(address, add);
    if (fault.empty()) fault = std::move(failed);
  };
  for (const lb::Prefix& address : addresses_) {
    if (std::ranges::find(wanted, address) == wanted.end()) change(address, false);
  }
  for (const lb::Prefix& address : wanted) {
    if (std::ranges::find(addresses_, address) == addresses_.end()) change(address, true);
  }
  addresses_ = wanted;
  if (!fault.empty()) return std::unexpected(fault);
  return {};
}

}  // namespace control
