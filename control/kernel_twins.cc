#include "control/kernel_twins.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/log.h"

namespace control {

std::vector<std::vector<lb::Prefix>> twin_addresses(const conf::Config& config,
                                                    const std::vector<lb::IpAddress>& vips) {
  const std::vector<conf::Interface>& interfaces = config.interfaces;
  std::vector<std::vector<lb::Prefix>> result(interfaces.size());
  std::optional<size_t> first;
  for (size_t i = 0; i < interfaces.size(); ++i) {
    if (!interfaces[i].kernel_interface) continue;
    result[i] = interfaces[i].addresses;
    if (!first) first = i;
  }
  if (!first) return result;
  for (const lb::IpAddress& vip : vips) {
    size_t place = *first;
    bool is_own = false;
    for (size_t i = 0; i < interfaces.size(); ++i) {
      if (!interfaces[i].kernel_interface) continue;
      for (const lb::Prefix& prefix : interfaces[i].addresses) {
        if (prefix.contains(vip)) place = i;
        is_own = is_own || prefix.address == vip;
      }
    }
    if (!is_own) result[place].push_back({vip, 32});
  }
  return result;
}

std::expected<std::unique_ptr<KernelTwins>, std::string> KernelTwins::start(
    const conf::Config& config, const std::vector<lb::MacAddress>& macs,
    dataplane::KernelExchange& exchange, std::vector<dataplane::WorkerNumber> senders) {
  std::unique_ptr<KernelTwins> result(new KernelTwins(exchange, std::move(senders)));
  const auto addresses = twin_addresses(config, {});
  for (size_t i = 0; i < config.interfaces.size(); ++i) {
    const conf::Interface& interface = config.interfaces[i];
    if (!interface.kernel_interface) continue;
    const auto link = static_cast<dataplane::LinkNumber>(i);
    Twin& twin = result->twins_[link];
    twin.interface = interface.name;
    twin.settings = {*interface.kernel_interface, macs[i], interface.mtu};
    twin.addresses = addresses[i];
    if (auto made = result->make(link, twin); !made) return std::unexpected(made.error());
  }
  return result;
}

std::expected<void, std::string> KernelTwins::make(dataplane::LinkNumber link, Twin& twin) {
  const auto failed = [&](const std::string& why) {
    return std::unexpected(fmt::format("{}: {}", name_of(twin), why));
  };
  auto device = TapDevice::create(twin.settings);
  if (!device) return failed(device.error());
  if (auto set = device->set_addresses(twin.addresses); !set) return failed(set.error());
  if (!twin.link_up) {
    if (auto set = device->set_carrier(false); !set) return failed(set.error());
  }
  twin.device.emplace(std::move(*device));
  pump_.control_attach(link, twin.device->release_fd());
  return {};
}

void KernelTwins::follow(const conf::Config& config, const std::vector<lb::IpAddress>& vips) {
  const auto addresses = twin_addresses(config, vips);
  for (auto& [link, twin] : twins_) {
    if (twin.addresses == addresses[link]) continue;
    twin.addresses = addresses[link];
    if (pump_.control_is_lost(link)) continue;  // it gets them when it is made again
    if (auto set = twin.device->set_addresses(twin.addresses); !set) {
      log::error("{}: {}", name_of(twin), set.error());
    }
  }
}

void KernelTwins::watch() {
  for (auto& [link, twin] : twins_) {
    if (!pump_.control_is_lost(link)) continue;
    if (auto made = make(link, twin); !made) {
      if (!twin.failure_told) log::error("{}", made.error());
      twin.failure_told = true;
      continue;
    }
    twin.failure_told = false;
    twin.down_told = false;
    log::warning("{} was deleted, or moved to another network namespace, and is made again",
                 name_of(twin));
  }
}

std::string KernelTwins::name_of(const Twin& twin) {
  return fmt::format("interface {}: kernel_interface {}", twin.interface, twin.settings.name);
}

void KernelTwins::watch_closely() {
  const auto there = kernel_addresses();
  if (!there) return;
  for (auto& [link, twin] : twins_) {
    if (pump_.control_is_lost(link)) continue;
    const auto state = twin.device->state();
    if (!state) {
      pump_.control_detach(link);
      continue;
    }
    for (const lb::Prefix& address : twin.device->restore_addresses(state->name, *there)) {
      log::warning("{} had lost its address {}, and has it again", name_of(twin),
                   address.to_string());
    }
    restore_link(twin, *state);
    tell_name(twin, state->name);
    tell_whether_down(twin, !state->up);
  }
}

void KernelTwins::restore_link(Twin& twin, const TapDevice::State& state) {
  const TapDevice::Settings& wanted = twin.settings;
  if (state.mac == wanted.mac && state.mtu == wanted.mtu) {
    twin.failure_told = false;
    return;
  }
  if (const std::string why = twin.device->restore(wanted); !why.empty()) {
    if (!twin.failure_told) log::error("{} {}", name_of(twin), why);
    twin.failure_told = true;
    return;
  }
  log::warning("{} had MAC address {} and mtu {}, and has {} and {} again", name_of(twin),
               state.mac.to_string(), state.mtu, wanted.mac.to_string(), wanted.mtu);
}

void KernelTwins::tell_name(Twin& twin, std::string name) {
  if (name == twin.settings.name) {
    twin.name_told.clear();
  } else if (name != twin.name_told) {
    log::warning("{} was renamed to {}: who relies on its name does not find it", name_of(twin),
                 name);
    twin.name_told = std::move(name);
  }
}

void KernelTwins::tell_whether_down(Twin& twin, bool down) {
  if (std::exchange(twin.down_told, down) == down) return;
  if (down) {
    log::warning("{} was set down: nothing comes or goes by it until somebody sets it up",
                 name_of(twin));
  } else {
    log::notice("{} is up again", name_of(twin));
  }
}

void KernelTwins::follow_link(size_t interface, bool up) {
  const auto place = twins_.find(static_cast<dataplane::LinkNumber>(interface));
  if (place == twins_.end()) return;
  auto& [link, twin] = *place;
  if (std::exchange(twin.link_up, up) == up || pump_.control_is_lost(link)) return;
  if (auto set = twin.device->set_carrier(up); !set) {
    log::error("{}: {}", name_of(twin), set.error());
  }
}

}  // namespace control
