#include "dataplane/steering.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace dataplane {
namespace {

constexpr uint32_t kToDestinations = 0;
constexpr uint32_t kToAll = 1;

// Why the port cannot be steered whatever its device says; empty: it may be asked.
std::string obstacle(const SteeringDevice& device, WorkerNumber workers) {
  const std::string for_workers = " for " + std::to_string(workers) + " workers";
  const uint16_t queues = device.receive_queues();
  if (queues < workers) {
    return "has " + std::to_string(queues) + (queues == 1 ? " receive queue" : " receive queues") +
           for_workers;
  }
  const uint16_t entries = device.table_size();
  if (entries == 0) return "has no redirection table";
  const std::string table = "has a redirection table of " + std::to_string(entries) +
                            (entries == 1 ? " entry" : " entries");
  if (!std::has_single_bit(entries)) return table + ", which is no power of two";
  if (entries < workers) return table + for_workers;
  return "";
}

// The end to hash on where the port carries one direction; nullopt where it carries both. A port
// that leads neither to clients nor to servers is one without servers: what may come is for the
// director's own addresses.
std::optional<PacketEnd> only_outside_end(const SteeredPort& port) {
  if (!port.may_carry_from_inside) return PacketEnd::kSource;
  if (!port.may_carry_from_outside) return PacketEnd::kDestination;
  return std::nullopt;
}

std::expected<SteeringKind, std::string> ask(const SteeredPort& port,
                                             std::span<const SteeringRule> rules,
                                             const Spread& spread) {
  const SteeringDevice::Result flow = port.device->direct(rules, spread);
  if (flow) return SteeringKind::kFlow;
  const std::string refusal = "rte_flow: " + flow.error();
  const std::optional<PacketEnd> end = only_outside_end(port);
  if (!end) {
    return std::unexpected(refusal +
                           "; rss: hashes on one end, and clients and servers are both behind it");
  }
  const SteeringDevice::Result rss = port.device->hash_on(*end, spread);
  if (rss) return SteeringKind::kRss;
  return std::unexpected(refusal + "; rss: " + rss.error());
}

std::string not_steered_for(const SteeredPort& culprit) {
  return "not steered, since " + std::string(culprit.name) + " cannot be";
}

// `reasons`: per port; empty where nothing but `culprit`, the position of another, stands in the
// way.
Agreement by_rings(WorkerNumber workers, std::span<const SteeredPort> ports,
                   const std::vector<std::string>& reasons, size_t culprit) {
  Agreement result{OwnerFunction::keyed(workers), {workers, 0}, {}};
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string reason = reasons[i].empty() ? not_steered_for(ports[culprit]) : reasons[i];
    result.ports.push_back({SteeringKind::kRing, std::string(ports[i].name) + ": " + reason});
  }
  return result;
}

}  // namespace

std::vector<SteeringRule> steering_rules(std::span<const OutsideDestination> destinations) {
  // Sorted, an address with every port comes before the same with one port.
  std::vector<OutsideDestination> sorted(destinations.begin(), destinations.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<SteeringRule> rules;
  for (const OutsideDestination& next : sorted) {
    const bool covered = !rules.empty() && rules.back().to == next.address &&
                         rules.back().protocol == next.protocol &&
                         (!rules.back().to_port || rules.back().to_port == next.port);
    if (covered) continue;
    rules.push_back({next.protocol, next.address, next.port, PacketEnd::kSource, kToDestinations});
  }
  for (const lb::Protocol protocol : {lb::Protocol::kTcp, lb::Protocol::kUdp}) {
    rules.push_back({protocol, std::nullopt, std::nullopt, PacketEnd::kDestination, kToAll});
  }
  return rules;
}

std::string_view to_string(SteeringKind kind) {
  switch (kind) {
    case SteeringKind::kNone:
      return "none";
    case SteeringKind::kFlow:
      return "rte_flow";
    case SteeringKind::kRss:
      return "rss";
    case SteeringKind::kRing:
      return "ring";
  }
  return "";
}

Agreement agree_on_steering(WorkerNumber workers, std::span<const SteeredPort> ports,
                            std::span<const OutsideDestination> destinations) {
  Agreement result{OwnerFunction::keyed(workers), {workers, 0}, {}};
  if (workers == 1 || ports.empty()) {
    result.ports.resize(ports.size());
    return result;
  }

  // Nothing is asked of any device while one port's own figures say no.
  std::vector<std::string> reasons(ports.size());
  uint16_t smallest = UINT16_MAX;
  for (size_t i = 0; i < ports.size(); ++i) {
    reasons[i] = obstacle(*ports[i].device, workers);
    smallest = std::min(smallest, ports[i].device->table_size());
  }
  const auto first = std::find_if(reasons.begin(), reasons.end(),
                                  [](const std::string& reason) { return !reason.empty(); });
  if (first != reasons.end()) {
    return by_rings(workers, ports, reasons, static_cast<size_t>(first - reasons.begin()));
  }

  result.spread.table_size = smallest;
  const std::vector<SteeringRule> rules = steering_rules(destinations);
  for (size_t i = 0; i < ports.size(); ++i) {
    auto kind = ask(ports[i], rules, result.spread);
    if (kind) {
      result.ports.push_back({*kind, ""});
      continue;
    }
    reasons[i] = std::move(kind.error());
    for (size_t agreed = 0; agreed < i; ++agreed) {
      const SteeringDevice::Result released = ports[agreed].device->release();
      // Harmless, since workers look for themselves, but it explains a lopsided load.
      if (!released) {
        reasons[agreed] =
            not_steered_for(ports[i]) + "; what it was asked stays: " + released.error();
      }
    }
    return by_rings(workers, ports, reasons, i);
  }
  result.owner = OwnerFunction::toeplitz(workers, smallest);
  return result;
}

}  // namespace dataplane
