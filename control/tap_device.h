// A TAP, a network device of the kernel whose frames come and go by a descriptor, set up by
// netlink. It lives as long as its descriptor is open, however the process ends.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/kernel_addresses.h"
#include "lb/address.h"

struct nl_sock;

namespace control {

class TapDevice {
 public:
  struct Settings {
    std::string name;
    lb::MacAddress mac;
    uint32_t mtu = 1500;  // bytes
  };
  // Makes it, without IPv6, and brings it up. The error is one line that says what to do.
  static std::expected<TapDevice, std::string> create(const Settings& settings);
  TapDevice(TapDevice&& other) noexcept;
  TapDevice& operator=(TapDevice&& other) noexcept;
  ~TapDevice();

  // Gives it these addresses in place of those that it was given here before; others' stay. The
  // error names the first that the kernel refused; the rest was set.
  std::expected<void, std::string> set_addresses(const std::vector<lb::Prefix>& wanted);
  // Puts back those that are not in `there`, the kernel's under the device's current name, as
  // somebody has taken them, and returns them.
  std::vector<lb::Prefix> restore_addresses(const std::string& name,
                                            const std::vector<KernelAddress>& there);
  // Without a carrier the kernel sends nothing by it, and tells who watches the device.
  std::expected<void, std::string> set_carrier(bool carrier);
  // As it is now, which somebody may have changed.
  struct State {
    std::string name;
    lb::MacAddress mac;
    uint32_t mtu = 0;  // bytes
    bool up = false;
  };
  // Nothing: it is gone, or has left this network namespace.
  std::optional<State> state() const;
  // Gives it these settings' MAC address and MTU. Returns what went wrong, or nothing.
  std::string restore(const Settings& settings);
  // Hands the descriptor (non-blocking, close-on-exec) to the caller, who ends the device by
  // closing it. Once.
  int release_fd();

 private:
  struct Close {
    void operator()(nl_sock* socket) const;
  };
  TapDevice(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  std::expected<void, std::string> set_up(const Settings& settings);
  std::string change_link(const Settings& settings, unsigned flags);
  std::string change_address(const lb::Prefix& address, bool add);

  std::string name_;
  int fd_;  // -1: released
  int index_ = 0;
  std::unique_ptr<nl_sock, Close> netlink_;
  std::vector<lb::Prefix> addresses_;
};

}  // namespace control
