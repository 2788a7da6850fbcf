// The command line of ipvsadm 1.31 as a value, checked as ipvsadm checks it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "control/ipvsadm/values.h"
#include "lb/address.h"

namespace control::ipvsadm {

enum class Verb : uint8_t {
  kAddService,
  kEditService,
  kDeleteService,
  kClear,
  kList,
  kAddServer,
  kEditServer,
  kDeleteServer,
  kSetTimeouts,
  kStartDaemon,
  kStopDaemon,
  kRestore,
  kSave,
  kZero,
  kHelp,
  kVersion,
};

// -t and -u
struct ServiceSelection {
  lb::Protocol protocol = lb::Protocol::kTcp;
  lb::Endpoint address;
};
// -f and --sctp-service: parsed as ipvsadm does, but lbd has no such service
enum class ForeignSelection : uint8_t { kFirewallMark, kSctp };

struct ListOptions {
  bool numeric = false;
  bool connection = false;
  bool timeout = false;
  bool daemon = false;
  bool stats = false;
  bool rate = false;
  bool thresholds = false;
  bool persistent_conn = false;
  bool tun_info = false;
  bool nosort = false;
  bool exact = false;
};

// What -A and -E say about a service: an option left out has the value that stands here, whatever
// the service had before.
struct ServiceOptions {
  std::string_view scheduler = "wlc";
  SchedulerFlags flags;
  uint32_t persistence_timeout = 0;
  lb::IpAddress persistence_netmask{lb::Ipv4Address{lb::Be32(0xffffffff)}};
  bool one_packet = false;
};

// What -a, -e and -d say about a real server, as above.
struct ServerOptions {
  lb::Endpoint address;
  std::string_view forward = "dr";  // the file's word
  uint32_t weight = 1;
  uint32_t upper_threshold = 0;
  uint32_t lower_threshold = 0;
};

struct Request {
  Verb verb = Verb::kList;
  std::variant<std::monostate, ServiceSelection, ForeignSelection> service;
  ListOptions list;
  ServiceOptions service_options;
  ServerOptions server;
  std::array<uint32_t, 3> timeouts{};  // of --set: tcp, tcpfin, udp; 0: stays as it is

  const ServiceSelection& selected() const { return std::get<ServiceSelection>(service); }
  // Whether the verb changes something, so that a socket of level read must not execute it.
  bool changes() const;
};

// `words` is what followed "ipvsadm"; the request refers to them. A request to change something is
// one that lbd can be asked: with a service of -t or -u where the verb needs one, IPv4, and nothing
// that lbd does not have. Errors: ipvsadm's texts and exit statuses, and status 2 for what lbd does
// not have.
Parsed<Request> parse(std::span<const std::string_view> words);

}  // namespace control::ipvsadm
