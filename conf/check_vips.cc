// What directors that stand in for one another need: twins in the kernel, and addresses that can go
// from one to the other.
#include <fmt/format.h>

#include "conf/check.h"

namespace conf {
namespace {

class VipsChecker {
 public:
  VipsChecker(const Config& config, const Reach& reach, Findings& findings)
      : config_(config), reach_(reach), findings_(findings) {}

  void check() {
    for (size_t i = 0; i < config_.interfaces.size(); ++i) {
      const std::string at = fmt::format("/interfaces/{}", i);
      if (!findings_.usable(at)) continue;
      const Interface& interface = config_.interfaces[i];
      const std::string twin = at + "/kernel_interface";
      if (interface.kernel_interface && findings_.usable(twin)) {
        twins_.add(*interface.kernel_interface, *interface.kernel_interface, twin);
      }
      check_virtual_addresses(interface, at);
    }
    for (size_t i = 0; i < config_.services.size(); ++i) {
      const std::string at = fmt::format("/services/{}", i);
      if (findings_.usable(at)) check_service(config_.services[i], at);
    }
  }

 private:
  void check_virtual_addresses(const Interface& interface, const std::string& at) {
    for (size_t i = 0; i < interface.virtual_addresses.size(); ++i) {
      const std::string pointer = child(at + "/virtual_addresses", i);
      if (!findings_.usable(pointer)) continue;
      const lb::IpAddress& address = interface.virtual_addresses[i];
      if (!check_host(address, reach_, pointer, findings_)) continue;
      if (reach_.is_own(address)) {
        mismatch(findings_, pointer, address.to_string(),
                 "an address that is no interface's own: it goes where the VIPs go");
        continue;
      }
      virtual_.add(address, address.to_string(), pointer);
      check_on_link(interface, address, pointer, at + "/addresses");
    }
  }

  void check_on_link(const Interface& interface, const lb::IpAddress& address,
                     const std::string& pointer, const std::string& addresses) {
    if (!findings_.complete(addresses)) return;
    for (const lb::Prefix& prefix : interface.addresses) {
      if (prefix.contains(address)) return;
    }
    mismatch(findings_, pointer, address.to_string(),
             "an address in one of the interface's prefixes");
  }

  void check_service(const Service& service, const std::string& at) {
    const bool known = findings_.usable(at + "/address") && findings_.complete("/interfaces");
    if (known && config_.vips == Vips::kStandby && findings_.usable("/vips")) {
      if (const auto why = why_never_standby(config_, service)) {
        mismatch(findings_, at + "/address", service.address.to_string(), *why);
      }
    }
    if (!service.announce || !findings_.usable(at + "/announce") || !known) return;
    for (const Interface& interface : config_.interfaces) {
      if (interface.kernel_interface) return;
    }
    findings_.add(at + "/announce",
                  "found true, expected false: no interface has a kernel_interface for the VIP to "
                  "stand on");
  }

  const Config& config_;
  const Reach& reach_;
  Findings& findings_;
  Unique<std::string> twins_{"kernel_interface", findings_};
  Unique<lb::IpAddress> virtual_{"virtual address", findings_};
};

}  // namespace

std::optional<std::string> why_never_standby(const Config& config, const ServiceSettings& service) {
  const Interface* interface = config.interface_with(service.address.address);
  if (interface == nullptr) return std::nullopt;
  return fmt::format(
      "an address that can be another director's, for \"vips\": \"standby\": this one is "
      "interface {}'s own",
      interface->name);
}

void check_vips(const Config& config, const Reach& reach, Findings& findings) {
  VipsChecker(config, reach, findings).check();
}

}  // namespace conf
