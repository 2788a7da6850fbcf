#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "conf/check.h"
#include "conf/nearest.h"

namespace conf {
namespace {

class MasqueradeChecker {
 public:
  MasqueradeChecker(const Config& config, Findings& findings)
      : config_(config), findings_(findings) {}

  void check() {
    for (size_t i = 0; i < config_.masquerade.size(); ++i) {
      const std::string at = pointer_to(i);
      if (findings_.usable(at + "/source")) check_source(i, at + "/source");
      if (findings_.usable(at + "/interface")) check_interface(i, at + "/interface");
    }
    const std::vector<Taken> taken = taken_ports();
    for (size_t i = 0; i < config_.services.size(); ++i) {
      const std::string pointer = fmt::format("/services/{}/address", i);
      if (findings_.usable(pointer)) check_service(config_.services[i].address, taken, pointer);
    }
  }

 private:
  // What a rule uses itself: an address, with the rule's ports.
  struct Taken {
    size_t rule;
    lb::IpAddress address;
  };

  static std::string pointer_to(size_t rule) { return fmt::format("/masquerade/{}", rule); }

  void check_source(size_t index, const std::string& pointer) {
    const Masquerade& rule = config_.masquerade[index];
    const lb::Prefix network = rule.source.network();
    if (!rule.source.is_network()) {
      mismatch(findings_, pointer, rule.source.to_string(),
               fmt::format("\"{}\", without host bits", network.to_string()));
    }
    if (!findings_.usable(pointer_to(index) + "/interface")) return;
    if (rules_.add({network, rule.interface}, network.to_string(), pointer)) {
      check_overlap(index, pointer);
    }
  }

  // Of two rules for one packet nobody can say which gives it its port.
  void check_overlap(size_t index, const std::string& pointer) {
    const Masquerade& rule = config_.masquerade[index];
    for (size_t i = 0; i < index; ++i) {
      const Masquerade& other = config_.masquerade[i];
      const std::string there = pointer_to(i);
      if (other.interface != rule.interface || !findings_.usable(there + "/interface") ||
          !findings_.usable(there + "/source")) {
        continue;
      }
      const bool overlap =
          other.source.contains(rule.source.address) || rule.source.contains(other.source.address);
      if (!overlap) continue;
      mismatch(findings_, pointer, rule.source.to_string(),
               fmt::format("a source apart from {} of the same interface, at {}/source",
                           other.source.network().to_string(), there));
      return;
    }
  }

  void check_interface(size_t index, const std::string& pointer) {
    const std::string& name = config_.masquerade[index].interface;
    const auto interface = find_interface(name);
    if (!interface) return check_names(name, pointer);
    const std::string addresses = fmt::format("/interfaces/{}/addresses", *interface);
    if (findings_.usable(addresses) && config_.interfaces[*interface].addresses.empty()) {
      mismatch(findings_, pointer, name,
               "an interface with an address, which becomes the source of what leaves there");
    }
  }

  // Silent when an interface whose name is unknown may be the one that is meant.
  void check_names(const std::string& name, const std::string& pointer) {
    if (!findings_.usable("/interfaces")) return;
    Choice names;
    std::vector<std::string_view> known;
    for (size_t i = 0; i < config_.interfaces.size(); ++i) {
      if (!findings_.usable(fmt::format("/interfaces/{}/name", i))) return;
      names.words.push_back({config_.interfaces[i].name, ""});
      known.push_back(config_.interfaces[i].name);
    }
    mismatch(findings_, pointer, name, expected({names}) + suggestion(name, known));
  }

  // The rules whose address and ports are known.
  std::vector<Taken> taken_ports() const {
    std::vector<Taken> result;
    for (size_t i = 0; i < config_.masquerade.size(); ++i) {
      const std::string at = pointer_to(i);
      if (!findings_.usable(at + "/interface") || !findings_.usable(at + "/ports")) continue;
      const auto address = source_address(config_.masquerade[i]);
      if (address) result.push_back({i, *address});
    }
    return result;
  }

  // A packet to a port of both would be the service's and a masqueraded connection's at once,
  // whichever the protocol: masquerading has both.
  void check_service(const lb::Endpoint& service, const std::vector<Taken>& taken,
                     const std::string& pointer) {
    for (const auto& [index, address] : taken) {
      const Masquerade& rule = config_.masquerade[index];
      const bool in_range = service.port >= rule.first_port && service.port <= rule.last_port;
      if (!in_range || service.address != address) continue;
      mismatch(findings_, pointer, service.to_string(),
               fmt::format("a port outside of {}, masquerade's range of this address, at {}",
                           rule.ports(), pointer_to(index)));
      return;
    }
  }

  // The address that masqueraded connections get, if that is known.
  std::optional<lb::IpAddress> source_address(const Masquerade& rule) const {
    const auto interface = find_interface(rule.interface);
    if (!interface) return std::nullopt;
    const std::vector<lb::Prefix>& addresses = config_.interfaces[*interface].addresses;
    const std::string first = fmt::format("/interfaces/{}/addresses/0", *interface);
    if (addresses.empty() || !findings_.usable(first)) return std::nullopt;
    return addresses.front().address;
  }

  std::optional<size_t> find_interface(const std::string& name) const {
    for (size_t i = 0; i < config_.interfaces.size(); ++i) {
      const bool known = findings_.usable(fmt::format("/interfaces/{}/name", i));
      if (known && config_.interfaces[i].name == name) return i;
    }
    return std::nullopt;
  }

  const Config& config_;
  Findings& findings_;
  Unique<std::pair<lb::Prefix, std::string>> rules_{"source and interface", findings_};
};

}  // namespace

void check_masquerade(const Config& config, Findings& findings) {
  MasqueradeChecker(config, findings).check();
}

}  // namespace conf
