// Steering: the devices are asked to bring each packet to the queue of the worker that owns its
// connection (dataplane/owner.h); queue w is worker w's. What is decided here touches no device:
// dataplane/eth_steering.h is how DPDK's ports are asked.
//
// The owner follows from the connection's outside end, which is the source of a packet for a
// virtual service or a masquerade address and the destination of every other. So a device has to
// hash on one end alone, and on which one depends on the packet. rte_flow rules tell the packets
// apart and serve on any port; plain RSS hashes on one end for all that a port receives, and serves
// where the configuration lets a port carry one direction only.
//
// It is all or nothing, since all ports must name the same owner: when one refuses, the others are
// released and the workers hand packets to one another. What was promised is never relied on: every
// worker compares each packet's owner with itself, so a device that lies costs hand-overs, nothing
// else. Some packets arrive anywhere even where all devices keep their word, and are handed over:
// fragments, ICMP errors, replies to masqueraded ICMP echoes, and what crosses a one-sided port in
// the direction it was not expected in.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/owner.h"
#include "lb/address.h"

namespace dataplane {

// The end of a packet, address and port, that a device hashes on.
enum class PacketEnd : uint8_t { kSource, kDestination };

// How a device's hash becomes a queue. Redirection tables of several sizes, all powers of two, give
// the same queues when each is seen modulo the smallest.
struct Spread {
  WorkerNumber workers = 1;
  uint16_t table_size = 0;  // of the smallest table, entries; 0: nothing is spread by devices

  // The queue of entry `entry` of a table of at least table_size entries.
  uint16_t queue_of(uint32_t entry) const {
    return static_cast<uint16_t>(entry % table_size % workers);
  }
};

// Where packets from outside go to: a virtual service, or a masquerade address.
struct OutsideDestination {
  lb::Ipv4Address address;
  lb::Protocol protocol{};       // TCP or UDP
  std::optional<lb::Be16> port;  // none: every port. Rules know no ranges: a masquerade's is all

  constexpr auto operator<=>(const OutsideDestination&) const = default;
};

// Whole packets over IPv4 of one protocol, to one destination or to any, go to the queue that the
// hash on one of their ends gives. Of several rules that match, that of the lowest priority number
// wins, as in rte_flow.
struct SteeringRule {
  lb::Protocol protocol{};                // TCP or UDP
  std::optional<lb::Ipv4Address> to;      // none: any address
  std::optional<lb::Be16> to_port;        // none: any port
  PacketEnd hashed = PacketEnd::kSource;  // its address and port
  uint32_t priority = 0;

  bool operator==(const SteeringRule&) const = default;
};

// The rules of every port: destinations by source, and everything else by destination. No two of
// one priority overlap, in whatever way `destinations` do.
std::vector<SteeringRule> steering_rules(std::span<const OutsideDestination> destinations);

// A port as steering sees it. Asked by the control thread only. Errors are the device's own reason,
// a part of a line; after an error the device is as it was before the call.
class SteeringDevice {
 public:
  using Result = std::expected<void, std::string>;

  virtual ~SteeringDevice() = default;
  virtual uint16_t receive_queues() const = 0;  // as configured
  virtual uint16_t table_size() const = 0;      // entries of its redirection table, 0: it has none
  // All whole TCP and UDP packets by one end, Toeplitz under OwnerFunction::kToeplitzKey repeated.
  virtual Result hash_on(PacketEnd end, const Spread& spread) = 0;
  // Packets by the rules, with the same hash. Replaces the rules of an earlier call; after an error
  // there are none.
  virtual Result direct(std::span<const SteeringRule> rules, const Spread& spread) = 0;
  // Undoes what was asked. After an error the device may still do a part of it.
  virtual Result release() = 0;
};

struct SteeredPort {
  std::string_view name;  // for the lines of text; outlives the call
  SteeringDevice* device;
  // Whether the configuration lets packets for virtual services and masquerade addresses arrive
  // here: a default route or another route to clients leads over the port.
  bool may_carry_from_outside = true;
  // Whether it lets packets of real servers and of masqueraded sources arrive here.
  bool may_carry_from_inside = true;
};

enum class SteeringKind : uint8_t {
  kNone,  // there is one worker
  kFlow,
  kRss,
  kRing,  // by the workers' rings, see PortSteering::why_ring
};

// "none", "rte_flow", "rss", "ring"
std::string_view to_string(SteeringKind kind);

struct PortSteering {
  SteeringKind kind = SteeringKind::kNone;
  // One line without its end, "net_af_xdp0: has 1 receive queue for 2 workers"; empty for others.
  std::string why_ring;
};

struct Agreement {
  OwnerFunction owner;
  Spread spread;  // with it a port of kind kFlow is directed by the rules of a later configuration
  std::vector<PortSteering> ports;  // in the order of the argument: all kRing, or none of them
};

// Asks the ports' devices, rte_flow before RSS. `workers` is not 0.
Agreement agree_on_steering(WorkerNumber workers, std::span<const SteeredPort> ports,
                            std::span<const OutsideDestination> destinations);

}  // namespace dataplane
