// What would become of a packet, and why, as plain values.
#pragma once

#include <utility>

#include "control/facts.h"

namespace control {

struct ExplainQuery {
  lb::Protocol protocol = lb::Protocol::kTcp;
  lb::Endpoint client;  // where the packet comes from; IPv4
  lb::Endpoint destination;
};

struct Explanation {
  // Of TCP the packet is a SYN where that matters.
  enum class Outcome : uint8_t {
    kConnection,  // goes on with `connection`
    kNew,         // opens one of the service; a SYN that ends `connection` too
    kReply,       // of a one-packet service's server, by which no connection is known
    kMasquerade,  // opens one that a real server starts
    kRouted,
    kKernel,  // goes to the kernel
    kRefused,
  };
  struct Connection {
    ConnectionFacts facts;
    bool inbound = true;  // the packet goes to the real server, not to the client
    bool cut = false;     // ended by the operator: the packet earns both ends resets
  };
  // A real server of the service, as the choice for a new connection finds it.
  struct Server {
    lb::Endpoint address;
    std::string forward;
    uint32_t weight = 0;
    std::string state;  // "ready", "drain", "maint"; of a sorry server "sorry", "standby"
    uint64_t active_connections = 0;
    uint64_t inactive_connections = 0;
    uint32_t upper_threshold = 0;  // connections; 0: none
    uint32_t lower_threshold = 0;
    bool chosen = false;
    std::string why;  // it is, or is not
  };
  // The packet as it leaves.
  struct Rewrite {
    std::string forward;
    lb::Endpoint source;  // inside the tunnel, where there is one
    lb::Endpoint destination;
    std::optional<std::pair<lb::IpAddress, lb::IpAddress>> tunnel;  // outer source, destination
  };
  struct NextHop {
    NeighbourFacts neighbour;  // of state "unknown" where nobody has asked for it yet
    lb::MacAddress source_mac;
    bool is_gateway = false;
    uint32_t link_mtu = 0;
    uint32_t path_mtu = 0;  // what routers let through to a tunnel's end, where that is less
    uint32_t overhead = 0;  // bytes that the packet grows by
    uint32_t largest = 0;   // packet that leaves whole
  };

  ExplainQuery query;
  uint32_t worker = 0;  // that owns the packet's connection
  uint32_t lcore = 0;
  std::string service;  // its name; empty: none
  std::string scheduler;
  std::string why_service;  // that one, or why none
  Outcome outcome = Outcome::kRefused;
  std::string why;
  std::string drop_reason;  // where it is refused: the counter's name
  std::optional<Connection> connection;
  std::optional<lb::Endpoint> held;  // the server that the client holds to (persistence)
  std::vector<Server> servers;       // in order, where one of them is to be chosen
  std::optional<Rewrite> rewrite;
  std::optional<NextHop> next_hop;
};

// "connection", "new", "reply", "masquerade", "routed", "refused".
std::string_view to_string(Explanation::Outcome outcome);

}  // namespace control
