// The kernel's twins of the director's interfaces, as the file wants them: TAPs with the
// interfaces' MAC addresses, MTUs and addresses, made again when somebody deletes them, gone when
// lbd is. All calls come on the control thread.
#pragma once

#include <map>
#include <memory>

#include "conf/config.h"
#include "control/tap_device.h"
#include "control/twin_pump.h"

namespace control {

class KernelTwins {
 public:
  // Makes those that the file names. `macs`: by interface; `senders`: as TwinPump has them. The
  // error is one line that says what to do.
  static std::expected<std::unique_ptr<KernelTwins>, std::string> start(
      const conf::Config& config, const std::vector<lb::MacAddress>& macs,
      dataplane::KernelExchange& exchange, std::vector<dataplane::WorkerNumber> senders);

  // Gives them the addresses of the file, and these VIPs, which stand as /32. What the kernel
  // refuses is logged.
  void follow(const conf::Config& config, const std::vector<lb::IpAddress>& vips);
  // Makes again what has been deleted. To be called a few times a second.
  void watch();
  // Puts back what somebody has taken from a twin, addresses, MAC address and MTU, and makes again
  // what is in another network namespace. To be called every second or so.
  void watch_closely();
  // An interface's twin has a carrier while the interface's link is up, so that who relies on the
  // twin, such as VRRP or BGP, sees a dead link as on a NIC.
  void follow_link(size_t interface, bool up);

  TwinCounters counters(size_t interface) const {
    return pump_.control_counters(static_cast<dataplane::LinkNumber>(interface));
  }
  uint64_t drops(lb::DropReason reason) const { return pump_.control_drops(reason); }

 private:
  struct Twin {
    std::string interface;
    TapDevice::Settings settings;
    std::vector<lb::Prefix> addresses;  // that it is to have
    bool link_up = true;
    std::optional<TapDevice> device;
    bool failure_told = false;
    std::string name_told;  // what somebody has renamed it to
    bool down_told = false;
  };
  KernelTwins(dataplane::KernelExchange& exchange, std::vector<dataplane::WorkerNumber> senders)
      : pump_(exchange, std::move(senders)) {}
  std::expected<void, std::string> make(dataplane::LinkNumber link, Twin& twin);
  void tell_name(Twin& twin, std::string name);
  void tell_whether_down(Twin& twin, bool down);
  void restore_link(Twin& twin, const TapDevice::State& state);
  static std::string name_of(const Twin& twin);

  TwinPump pump_;
  std::map<dataplane::LinkNumber, Twin> twins_;
};

// The addresses that each interface's twin is to have, in the file's order; empty where it has
// none. A VIP stands on the twin whose interface's prefix holds it, else on the first that there
// is.
std::vector<std::vector<lb::Prefix>> twin_addresses(const conf::Config& config,
                                                    const std::vector<lb::IpAddress>& vips);

}  // namespace control
