#include <fmt/format.h>

#include "conf/check.h"

namespace conf {
namespace {

class InterfaceChecker {
 public:
  InterfaceChecker(const Config& config, const Reach& reach, Findings& findings)
      : config_(config), reach_(reach), findings_(findings) {}

  void check() {
    for (size_t i = 0; i < config_.interfaces.size(); ++i) {
      const std::string at = fmt::format("/interfaces/{}", i);
      if (!findings_.usable(at)) continue;
      const Interface& interface = config_.interfaces[i];
      if (findings_.usable(at + "/name")) names_.add(interface.name, interface.name, at + "/name");
      check_devices(interface, at + "/device");
      check_addresses(i, at + "/addresses");
      check_neighbours(interface, at + "/neighbours");
    }
  }

 private:
  // One device stands at the key itself, several at its items.
  void check_devices(const Interface& interface, const std::string& at) {
    for (size_t i = 0; i < interface.devices.size(); ++i) {
      const std::string pointer = interface.devices.size() == 1 ? at : child(at, i);
      const std::string& device = interface.devices[i];
      if (findings_.complete(pointer)) devices_.add(device, device, pointer);
    }
  }

  void check_addresses(size_t index, const std::string& at) {
    const std::vector<lb::Prefix>& addresses = config_.interfaces[index].addresses;
    for (size_t i = 0; i < addresses.size(); ++i) {
      const std::string pointer = child(at, i);
      if (!findings_.usable(pointer)) continue;
      const lb::Prefix& prefix = addresses[i];
      if (!check_own(prefix, pointer)) continue;
      if (addresses_.add(prefix.address, prefix.to_string(), pointer)) {
        check_overlap(index, prefix, pointer);
      }
    }
  }

  bool check_own(const lb::Prefix& prefix, const std::string& pointer) {
    std::string expected;
    if (!is_unicast(prefix.address)) {
      expected = "a host's address";
    } else if (const auto broadcast = prefix.broadcast()) {
      if (prefix.is_network()) expected = "a host's address, not that of the network";
      if (prefix.address == *broadcast) expected = "a host's address, not the broadcast address";
    }
    if (expected.empty()) return true;
    mismatch(findings_, pointer, prefix.to_string(), expected);
    return false;
  }

  // Where two wires hold the same addresses nobody can say which one leads to a host. A host prefix
  // holds nobody but the director.
  void check_overlap(size_t index, const lb::Prefix& prefix, const std::string& pointer) {
    if (prefix.length == 32) return;
    for (size_t i = 0; i < index; ++i) {
      const std::vector<lb::Prefix>& others = config_.interfaces[i].addresses;
      for (size_t j = 0; j < others.size(); ++j) {
        const lb::Prefix& other = others[j];
        const std::string there = fmt::format("/interfaces/{}/addresses/{}", i, j);
        const bool overlap = other.contains(prefix.address) || prefix.contains(other.address);
        if (!overlap || other.length == 32 || !findings_.usable(there)) continue;
        mismatch(findings_, pointer, prefix.to_string(),
                 fmt::format("a prefix apart from {} of another interface, at {}",
                             other.network().to_string(), there));
        return;
      }
    }
  }

  void check_neighbours(const Interface& interface, const std::string& at) {
    for (size_t i = 0; i < interface.neighbours.size(); ++i) {
      const Neighbour& entry = interface.neighbours[i];
      const std::string address = child(at, i) + "/address";
      if (findings_.usable(address)) check_neighbour(entry.address, address);
      const std::string mac = child(at, i) + "/mac";
      if (findings_.usable(mac) && (entry.mac.is_multicast() || entry.mac.is_zero())) {
        mismatch(findings_, mac, entry.mac.to_string(), "the MAC address of one host");
      }
    }
  }

  void check_neighbour(const lb::IpAddress& address, const std::string& pointer) {
    if (!check_host(address, reach_, pointer, findings_)) return;
    if (reach_.is_own(address) || reach_.is_virtual(address)) {
      mismatch(findings_, pointer, address.to_string(),
               "another host's address, not one of the director's");
      return;
    }
    neighbours_.add(address, address.to_string(), pointer);
  }

  const Config& config_;
  const Reach& reach_;
  Findings& findings_;
  Unique<std::string> names_{"name", findings_};
  Unique<std::string> devices_{"device", findings_};
  Unique<lb::IpAddress> addresses_{"address", findings_};
  Unique<lb::IpAddress> neighbours_{"neighbour", findings_};
};

}  // namespace

void check_interfaces(const Config& config, const Reach& reach, Findings& findings) {
  InterfaceChecker(config, reach, findings).check();
}

}  // namespace conf
