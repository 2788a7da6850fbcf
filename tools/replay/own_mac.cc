#include "tools/replay/own_mac.h"

#include <fmt/format.h>

#include <filesystem>

#include "dataplane/headers.h"

namespace replay {
namespace {

using dataplane::ArpPacket;
using dataplane::EthernetHeader;
using dataplane::Ipv4Header;

// Locally administered, "lbd", and the interface's number.
lb::MacAddress invented(size_t interface) {
  lb::MacAddress mac{};
  mac.bytes = {
      0x02, 'l', 'b', 'd', static_cast<uint8_t>(interface >> 8), static_cast<uint8_t>(interface)};
  return mac;
}

}  // namespace

OwnMac::OwnMac(const conf::Config& config) {
  for (const conf::Interface& interface : config.interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) own_.insert(prefix.address.ipv4());
    for (const lb::IpAddress& address : interface.virtual_addresses) own_.insert(address.ipv4());
  }
  for (const conf::Service& service : config.services) own_.insert(service.address.address.ipv4());
}

void OwnMac::see(std::span<const uint8_t> frame) {
  if (frame.size() < sizeof(EthernetHeader)) return;
  const auto& ethernet = dataplane::view<EthernetHeader>(frame.data());
  const std::span<const uint8_t> payload = frame.subspan(sizeof(EthernetHeader));
  const uint16_t type = ethernet.type.value();
  if (type == dataplane::ethertype::kArp && payload.size() >= sizeof(ArpPacket)) {
    const auto& arp = dataplane::view<ArpPacket>(payload.data());
    if (own_.contains(arp.sender)) speaks_as_director_.insert(arp.sender_mac);
  }
  if (ethernet.destination.is_multicast()) return;
  takes_.insert(ethernet.destination);
  if (type == dataplane::ethertype::kIpv4 && payload.size() >= sizeof(Ipv4Header)) {
    const auto& ip = dataplane::view<Ipv4Header>(payload.data());
    if (own_.contains(ip.destination)) takes_for_director_.insert(ethernet.destination);
  }
}

std::expected<std::optional<lb::MacAddress>, std::string> OwnMac::conclude() const {
  for (const auto* fitting : {&speaks_as_director_, &takes_for_director_, &takes_}) {
    if (fitting->empty()) continue;
    if (fitting->size() == 1) return *fitting->begin();
    return std::unexpected(fmt::format(
        "{} and {}{} could be the director's MAC address", fitting->begin()->to_string(),
        std::next(fitting->begin())->to_string(), fitting->size() > 2 ? " and others" : ""));
  }
  return std::nullopt;
}

std::expected<std::vector<lb::MacAddress>, std::string> find_macs(
    const conf::Config& config, const std::map<size_t, lb::MacAddress>& given,
    const std::vector<Input>& inputs, void (*say)(const std::string& line)) {
  std::vector<lb::MacAddress> macs;
  for (size_t i = 0; i < config.interfaces.size(); ++i) {
    if (const auto found = given.find(i); found != given.end()) {
      macs.push_back(found->second);
      continue;
    }
    OwnMac own_mac(config);
    for (const Input& input : inputs) {
      if (input.interface != i) continue;
      std::error_code unknown;
      if (std::filesystem::is_fifo(input.path, unknown)) {
        return std::unexpected(fmt::format("{}: a pipe can be read only once; say --mac {}=MAC",
                                           input.path, config.interfaces[i].name));
      }
      auto reader = CaptureReader::open(input.path);
      if (!reader) return std::unexpected(reader.error());
      for (;;) {
        const auto frame = reader->next();
        if (!frame || !*frame) break;  // a broken one is told when it is played
        own_mac.see((*frame)->bytes);
      }
    }
    const std::string& name = config.interfaces[i].name;
    const auto mac = own_mac.conclude();
    if (!mac) {
      return std::unexpected(
          fmt::format("interface {0}: {1}; say --mac {0}=MAC", name, mac.error()));
    }
    macs.push_back(mac->value_or(invented(i)));
    say(fmt::format("interface {}: MAC address {} {}", name, macs.back().to_string(),
                    *mac ? "by its capture" : "invented"));
  }
  return macs;
}

}  // namespace replay
