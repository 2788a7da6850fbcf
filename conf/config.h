// A valid configuration as plain values: what a file says, with all defaults filled in. Every value
// of these types that conf::load returns has passed all checks; nothing here refers to the file any
// more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lb/address.h"

namespace conf {

// What a scheduler, a forwarding method or a health check was told beside its name: values by
// option name, those that the file leaves out taken from the option's default.
using Options =
    std::map<std::string, std::variant<bool, uint64_t, std::string, std::vector<std::string>>>;

// A static entry of an interface's neighbour table.
struct Neighbour {
  lb::IpAddress address;
  lb::MacAddress mac;

  bool operator==(const Neighbour&) const = default;
};

struct Interface {
  std::string name;
  std::vector<std::string> devices;  // DPDK ports, queues of one wire; never empty
  std::vector<lb::Prefix> addresses;
  // Addresses that go with the VIPs, active or standby, such as the real servers' gateway.
  std::vector<lb::IpAddress> virtual_addresses;
  std::vector<Neighbour> neighbours;
  uint32_t mtu = 1500;
  std::optional<std::string> kernel_interface;  // the netdev that is its twin in the kernel

  bool operator==(const Interface&) const = default;
};

struct Route {
  lb::Prefix destination;  // a network
  lb::IpAddress gateway;

  bool operator==(const Route&) const = default;
};

// The `type` of a check that is not made.
inline constexpr std::string_view kNoCheck = "none";

// How a real server is asked whether it is well.
struct HealthCheck {
  std::string type{kNoCheck};
  uint32_t interval_ms = 2000;  // from one start to the next
  uint32_t timeout_ms = 1000;   // of one
  uint32_t fall = 3;            // failures in a row that make it down
  uint32_t rise = 2;            // successes in a row that make it up
  bool start_down = false;      // until `rise` successes
  // Where it is asked, if not at its own address or port.
  std::optional<lb::IpAddress> address;
  uint16_t port = 0;
  Options options;  // of that type

  bool is_made() const { return type != kNoCheck; }
  auto operator<=>(const HealthCheck&) const = default;
};

// What becomes of the connections of a server that is down.
enum class OnDown : uint8_t { kKeep, kReset, kMove };

// The operator's word about a real server. In `drain` and `maint` it takes no new connections; its
// health is still checked in `drain`.
enum class ServerState : uint8_t { kReady, kDrain, kMaint };

struct Server {
  lb::Endpoint address;  // port 0 where the service has every port
  uint32_t weight = 1;
  ServerState state = ServerState::kReady;
  // Connections, active and inactive, at which it takes no more, and below which it does again; 0
  // and 0: no limit, and three quarters of the upper one.
  uint32_t upper_threshold = 0;
  uint32_t lower_threshold = 0;
  std::string forward;                      // its own or the service's
  Options forward_options;                  // of that method
  std::optional<HealthCheck> health_check;  // absent: the service's

  bool operator==(const Server&) const = default;
};

// "tcp:IP:port", the name of a service that was given none.
std::string derived_name(lb::Protocol protocol, const lb::Endpoint& address);

// A service but for its real servers.
struct ServiceSettings {
  std::string name;  // given, or derived_name()
  lb::Protocol protocol = lb::Protocol::kTcp;
  lb::Endpoint address;  // port 0: every port of the address that no other service has
  std::string scheduler = "wlc";
  Options scheduler_options;
  std::string forward = "nat";
  Options forward_options;
  // Seconds for which a client keeps its server after its last new connection; 0: not at all.
  uint32_t persistence_timeout = 0;
  // Clients that are alike under it share a server.
  lb::IpAddress persistence_netmask{lb::Ipv4Address{lb::Be32(0xffffffff)}};
  // Whether persistent clients leave a server that takes no new connections (LVS's sysctl of that
  // name).
  bool expire_quiescent_template = false;
  bool one_packet = false;  // UDP: every datagram is scheduled anew
  bool sloppy_tcp = false;  // TCP: any packet but a reset opens a connection (LVS's sysctl)
  bool announce = false;    // its VIP stands on a twin while it attracts traffic
  uint32_t slow_start = 0;  // seconds in which a new server's weight grows to its whole; 0: at once

  std::optional<HealthCheck> health_check;  // of servers without one of their own; absent: none
  std::optional<OnDown> on_down;            // absent: what the protocol allows, see on_down_kind()
  std::optional<Server> sorry_server;       // serves when the quorum is lost
  // Total weight of servers that take connections below which the quorum is lost, less the
  // hysteresis, and from which on it is there again, plus the hysteresis.
  uint32_t quorum = 1;
  uint32_t quorum_hysteresis = 0;
  // Programs with their arguments; empty: none.
  std::vector<std::string> quorum_up;
  std::vector<std::string> quorum_down;

  std::string derived_name() const { return conf::derived_name(protocol, address); }
  // Whether commands may name it so.
  bool is_called(std::string_view word) const { return word == name || word == derived_name(); }
  // TCP cannot be moved unnoticed, UDP can.
  OnDown on_down_kind() const {
    return on_down.value_or(protocol == lb::Protocol::kTcp ? OnDown::kKeep : OnDown::kMove);
  }
  // nullptr: it is not checked.
  const HealthCheck* check_of(const Server& server) const {
    const std::optional<HealthCheck>& check =
        server.health_check ? server.health_check : health_check;
    return check && check->is_made() ? &*check : nullptr;
  }

  bool operator==(const ServiceSettings&) const = default;
};

struct Service : ServiceSettings {
  std::vector<Server> servers;

  // Where among its servers the one of an address is, if there is one.
  std::optional<size_t> place_of(const lb::Endpoint& server) const;

  bool operator==(const Service&) const = default;
};

// Connections from `source` that leave through `interface` take that interface's first address and
// a port of the range as theirs.
struct Masquerade {
  lb::Prefix source;      // a network
  std::string interface;  // one of the configuration's, with at least one address
  uint16_t first_port = 1024;
  uint16_t last_port = 32767;  // not below first_port

  // "FIRST-LAST", as the file has it.
  std::string ports() const;

  bool operator==(const Masquerade&) const = default;
};

// Whole seconds without a packet after which a connection in that state is forgotten.
struct Timeouts {
  uint32_t tcp = 900;
  uint32_t tcp_fin = 120;
  uint32_t udp = 300;
  uint32_t tcp_syn_recv = 60;
  uint32_t tcp_close_wait = 60;
  uint32_t tcp_time_wait = 120;
  uint32_t tcp_close = 10;

  bool operator==(const Timeouts&) const = default;
};

struct Connections {
  uint64_t capacity = 1048576;  // live connections of the whole director

  bool operator==(const Connections&) const = default;
};

// When a worker without packets sleeps, to save power. By default it never does.
struct Idle {
  uint32_t after_polls = 1000;  // empty ones in a row
  uint32_t sleep_us = 0;        // microseconds; 0: never

  bool operator==(const Idle&) const = default;
};

// What the clients of a socket may do: look, or change things as well.
enum class Level : uint8_t { kAdmin, kRead };

struct Socket {
  std::string path = "/run/lbd/lbd.sock";
  Level level = Level::kAdmin;
  uint32_t mode = 0600;
  std::string group;  // that the file belongs to; empty: lbd's

  bool operator==(const Socket&) const = default;
};

// Whether the VIPs are this director's, or another's that this one would replace.
enum class Vips : uint8_t { kActive, kStandby };

struct Control {
  std::vector<Socket> sockets = {Socket{}};
  std::optional<lb::Endpoint> metrics;

  bool operator==(const Control&) const = default;
};

struct Config {
  std::vector<std::string> eal;
  std::vector<Interface> interfaces;
  std::vector<Route> routes;
  std::vector<Service> services;
  std::vector<Masquerade> masquerade;
  Timeouts timeouts;
  Connections connections;
  Idle idle;
  std::optional<uint32_t> mbufs;  // absent: as many as queues and rings need
  Vips vips = Vips::kActive;      // at start
  Control control;

  // Whose own address this is; nullptr: nobody's.
  const Interface* interface_with(const lb::IpAddress& address) const;

  bool operator==(const Config&) const = default;
};

}  // namespace conf
