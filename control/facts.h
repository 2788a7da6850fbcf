// What the director can be asked, as plain values: commands, metrics and ipvsadm's tables render
// these and know nothing of workers, ports or threads. All is read on the control thread; no call
// here makes a worker wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "lb/address.h"

namespace control {

// Figures of a server's or a service's traffic. "in" is client to real server, "out" real server to
// client as the director sees it (none in DR). Bytes count IP packets, headers included, as LVS
// does.
template <class T>
struct TrafficFigures {
  T connections = 0;
  T packets_in = 0;
  T packets_out = 0;
  T bytes_in = 0;
  T bytes_out = 0;

  TrafficFigures& operator+=(const TrafficFigures& other) {
    connections += other.connections;
    packets_in += other.packets_in;
    packets_out += other.packets_out;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    return *this;
  }
  TrafficFigures& operator-=(const TrafficFigures& earlier) {
    connections -= earlier.connections;
    packets_in -= earlier.packets_in;
    packets_out -= earlier.packets_out;
    bytes_in -= earlier.bytes_in;
    bytes_out -= earlier.bytes_out;
    return *this;
  }
};

// Totals since start.
using Traffic = TrafficFigures<uint64_t>;
// Per second: a moving average over ticks of two seconds, each new one weighing a quarter (LVS:
// ip_vs_est.c).
using Rates = TrafficFigures<double>;

// control/explanation.h
struct Explanation;
struct ExplainQuery;

struct ServerFacts {
  lb::Endpoint address;
  std::string forward;  // "nat", "dr", …
  uint32_t weight = 0;
  std::string state;             // "ready", "drain", "maint"
  std::string health;            // "up", "down", "unchecked"
  uint32_t upper_threshold = 0;  // connections; 0: none
  uint32_t lower_threshold = 0;
  uint32_t persistent_clients = 0;  // that hold to this server now
  // Of one that leaves: until its connections are cut.
  std::optional<double> deadline_seconds = {};
  uint32_t active_connections = 0;
  uint32_t inactive_connections = 0;
  Traffic totals;
  Rates rates;
};

struct ServiceFacts {
  std::string name;
  lb::Protocol protocol = lb::Protocol::kTcp;
  lb::Endpoint address;
  std::string scheduler;
  std::string forward;
  conf::Options scheduler_options;
  uint32_t persistence_timeout = 0;  // seconds; 0: none
  lb::IpAddress persistence_netmask;
  bool one_packet = false;
  Traffic totals;
  Rates rates;
  uint64_t refused = 0;              // new connections for which no real server was to be had
  std::vector<ServerFacts> servers;  // in the order of the file
  std::optional<ServerFacts> sorry_server;
  bool sorry_server_serves = false;
  bool quorum = true;
  // Deleted, with connections that go on.
  std::vector<ServerFacts> leaving;
  bool deleted = false;  // itself, and all its servers leave
  // Whether commands may name it so: see service_names.h.
  bool is_called(std::string_view word) const;
};

// A check has made its servers up or down.
struct CheckEvent {
  std::chrono::system_clock::time_point time;
  bool up = false;
  std::string reason;
};

// One target that is checked in one way, for all servers that it stands for.
struct CheckFacts {
  struct Last {
    bool passed = false;
    std::string reason;
    double duration_seconds = 0;
    double ended_seconds_ago = 0;
  };
  struct Server {
    lb::Protocol protocol = lb::Protocol::kTcp;
    lb::Endpoint service;
    std::string service_name;
    lb::Endpoint address;
  };
  lb::Endpoint target;  // port 0: none
  conf::HealthCheck check;
  bool up = true;
  bool paused = false;        // all its servers are in maintenance
  std::optional<Last> last;   // nothing: none has ended yet
  uint32_t passes = 0;        // in a row
  uint32_t failures = 0;      // in a row
  uint64_t passes_total = 0;  // since it began
  uint64_t failures_total = 0;
  std::vector<CheckEvent> history;  // the newest first
  std::vector<Server> servers;
};

struct QuorumFacts {
  std::string service;
  std::string derived_name;  // "tcp:IP:port"
  bool present = true;
  uint64_t weight = 0;  // of the servers that take new connections
  uint64_t quorum = 1;
  uint64_t hysteresis = 0;
  std::optional<lb::Endpoint> sorry_server;
  bool sorry_server_serves = false;
};

struct HealthFacts {
  std::vector<CheckFacts> checks;
  std::vector<QuorumFacts> services;  // in the order of the file
};

struct InterfaceFacts {
  std::string name;
  std::vector<std::string> devices;
  lb::MacAddress mac;
  std::vector<lb::Prefix> addresses;
  uint32_t mtu = 0;
  bool link_up = false;
  // Its twin in the kernel, if it has one: frames that the kernel got, sent, and missed.
  std::optional<std::string> kernel_interface;
  uint64_t to_kernel = 0;
  uint64_t from_kernel = 0;
  uint64_t kernel_dropped = 0;
  uint64_t rx_packets = 0;
  uint64_t rx_bytes = 0;
  uint64_t rx_missed = 0;  // by the device, for want of a poll
  uint64_t rx_errors = 0;
  uint64_t rx_no_mbuf = 0;
  uint64_t tx_packets = 0;
  uint64_t tx_bytes = 0;
  uint64_t tx_errors = 0;
};

struct NeighbourFacts {
  std::string interface;
  lb::IpAddress address;
  std::optional<lb::MacAddress> mac;  // none while incomplete or failed
  std::string state;  // "static", "reachable", "stale", "probing", "incomplete", "failed"
  double confirmed_seconds_ago = 0;  // 0 for static ones and such that never answered
};

struct WorkerFacts {
  uint32_t lcore = 0;
  double busy = 0;  // share of the loop's time spent on packets over the last seconds, 0 to 1
  uint64_t connections = 0;
  uint64_t packets = 0;
  uint64_t handed_over = 0;  // packets given to other workers, for every reason
  std::string steering;      // "rte_flow", "rss", "ring"
  std::map<std::string, uint64_t> handed_over_by_reason;
  uint64_t taken_over = 0;  // packets that other workers gave it
  double ring_fill =
      0;  // of its fullest ring to another worker, at most over the last second, 0 to 1
};

struct DropFacts {
  std::string reason;       // the counter's name, e.g. "bad_ip_checksum"
  std::string description;  // one line for people
  uint64_t count = 0;
  double rate = 0;  // packets a second
};

struct ConnectionFacts {
  lb::Protocol protocol = lb::Protocol::kTcp;
  std::string state;  // LVS's names: "SYN_RECV", "ESTABLISHED", …, "UDP"; see client_holds
  lb::Endpoint client;
  lb::Endpoint virtual_address;
  lb::Endpoint server;
  std::string service;  // "masquerade" where there is none
  std::string forward;
  double expires_seconds = 0;
  bool masqueraded = false;  // a real server has opened it
};

struct ConnectionQuery {
  // Any, one address, or one port of it.
  struct Ends {
    std::optional<lb::IpAddress> address;
    std::optional<uint16_t> port;  // only together with `address`
  };
  // A service's name; "masquerade", where none is called so: those that real servers have opened.
  std::optional<std::string> service;
  Ends server;
  Ends client;
  std::optional<size_t> limit = 100;  // none: all
  // Besides, what keeps clients of persistent services at their servers, as LVS lists its
  // templates: in state NONE or ASSURED, `client` masked and of port 0.
  bool client_holds = false;
};

struct ConnectionPage {
  std::vector<ConnectionFacts> connections;
  bool complete = true;  // false: the limit cut the list short
};

// What became of a reload of the file, by signal or command.
struct ReloadFacts {
  bool successful = false;
  int64_t unix_time = 0;
  std::string error;  // where it was not
};

struct InfoFacts {
  std::string version;
  double uptime_seconds = 0;
  int64_t started_unix = 0;
  std::string config_file;
  uint32_t pid = 0;
  uint32_t workers = 0;
  uint64_t connection_entries = 0;
  uint64_t connection_capacity = 0;
  uint64_t connections_reclaimed =
      0;                            // taken back, closing or only begun, while the table was full
  uint64_t answers_given = 0;       // made by the director itself: ARP, ICMP, resets
  uint64_t answers_suppressed = 0;  // held back, to keep their rate as a rule
  uint64_t mbufs_in_use = 0;
  uint64_t mbufs_total = 0;
  std::string vips = "active";  // or "standby": they are another director's
  uint64_t client_holds_capacity = 0;
  uint64_t client_holds_displaced = 0;  // which ended before their time, for want of room
  std::optional<ReloadFacts> last_reload;
};

struct TimeoutFacts {  // seconds
  uint32_t tcp = 900;
  uint32_t tcp_fin = 120;
  uint32_t udp = 300;
};

// The running director as commands see it. Implemented once over the workers, and by a plain struct
// in the tests of commands. Called on the control thread only.
class Facts {
 public:
  virtual ~Facts() = default;
  virtual InfoFacts info() = 0;
  virtual std::vector<ServiceFacts> services() = 0;
  // Deleted, with connections that go on at the servers in `leaving`.
  virtual std::vector<ServiceFacts> leaving_services() { return {}; }
  virtual std::vector<InterfaceFacts> interfaces() = 0;
  virtual std::vector<NeighbourFacts> neighbours() = 0;
  virtual std::vector<WorkerFacts> workers() = 0;
  virtual std::vector<DropFacts> drops() = 0;  // every reason, those never seen included
  virtual TimeoutFacts timeouts() = 0;
  virtual HealthFacts health() { return {}; }
  // The running state as a file that loads to the same state, every default spelled out.
  virtual nlohmann::json config() = 0;
  // Error: one line, e.g. an unknown service's name with the known ones.
  virtual std::expected<ConnectionPage, std::string> connections(const ConnectionQuery& query) = 0;
  // Error: one line, e.g. that there is nothing here that forwards packets.
  virtual std::expected<Explanation, std::string> explain(const ExplainQuery& query);
};

}  // namespace control
