// The commands and options of ipvsadm 1.31, and which command takes which option.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "control/ipvsadm/options.h"

namespace control::ipvsadm {

// Options that share an entry count as one ("multiple 'service-address' options specified"). In the
// order in which ipvsadm checks them against the command.
enum class OptionId : uint8_t {
  kNumeric,
  kConnection,
  kService,
  kScheduler,
  kPersistent,
  kNetmask,
  kServer,
  kForward,
  kWeight,
  kUpper,
  kLower,
  kMcastInterface,
  kTimeout,
  kDaemon,
  kStats,
  kRate,
  kThresholds,
  kPersistentConn,
  kNosort,
  kSyncid,
  kExact,
  kOps,
  kEngine,
  kSchedFlags,
  kMcastGroup,
  kMcastPort,
  kMcastTtl,
  kMaxlen,
  kTunInfo,
  kTunType,
  kTunPort,
  kTunNocsum,
  kTunCsum,
  kTunRemcsum,
  kCount,
};

inline constexpr size_t kOptionCount = static_cast<size_t>(OptionId::kCount);

// As error messages call them; indexed by OptionId.
inline constexpr std::array<std::string_view, kOptionCount> kOptionNames{
    "numeric",
    "connection",
    "service-address",
    "scheduler",
    "persistent",
    "netmask",
    "real-server",
    "forwarding-method",
    "weight",
    "u-threshold",
    "l-threshold",
    "mcast-interface",
    "timeout",
    "daemon",
    "stats",
    "rate",
    "thresholds",
    "persistent-conn",
    "nosort",
    "syncid",
    "exact",
    "ops",
    "pe",
    "sched-flags",
    "mcast-group",
    "mcast-port",
    "mcast-ttl",
    "sync-maxlen",
    "tun-info",
    "tun-type",
    "tun-port",
    "tun-nocsum",
    "tun-csum",
    "tun-remcsum",
};

constexpr std::string_view option_name(OptionId id) {
  return kOptionNames[static_cast<size_t>(id)];
}

class OptionSet {
 public:
  template <std::same_as<OptionId>... Ids>
  constexpr OptionSet(Ids... ids) : bits_((bit(ids) | ... | 0)) {}
  constexpr void insert(OptionId id) { bits_ |= bit(id); }
  constexpr bool has(OptionId id) const { return (bits_ & bit(id)) != 0; }
  constexpr bool has_any(const OptionSet& other) const { return (bits_ & other.bits_) != 0; }

 private:
  static constexpr uint64_t bit(OptionId id) { return uint64_t{1} << static_cast<unsigned>(id); }

  uint64_t bits_;
};

enum class Argument : uint8_t { kNone, kRequired, kOptional };

struct VerbWord {
  std::string_view long_name;
  char short_name;  // '\0': none
  Verb verb;
  std::string_view name = long_name;  // as error messages call it
  Argument argument = Argument::kNone;
};

inline constexpr std::array kVerbWords{
    VerbWord{"add-service", 'A', Verb::kAddService},
    VerbWord{"edit-service", 'E', Verb::kEditService},
    VerbWord{"delete-service", 'D', Verb::kDeleteService},
    VerbWord{"clear", 'C', Verb::kClear, "flush"},
    VerbWord{"list", 'L', Verb::kList},
    VerbWord{"list", 'l', Verb::kList},
    VerbWord{"add-server", 'a', Verb::kAddServer},
    VerbWord{"edit-server", 'e', Verb::kEditServer},
    VerbWord{"delete-server", 'd', Verb::kDeleteServer},
    VerbWord{"set", '\0', Verb::kSetTimeouts},
    VerbWord{"start-daemon", '\0', Verb::kStartDaemon, "start-daemon", Argument::kRequired},
    VerbWord{"stop-daemon", '\0', Verb::kStopDaemon, "stop-daemon", Argument::kRequired},
    VerbWord{"restore", 'R', Verb::kRestore},
    VerbWord{"save", 'S', Verb::kSave},
    VerbWord{"zero", 'Z', Verb::kZero},
    VerbWord{"help", 'h', Verb::kHelp},
    VerbWord{"version", 'v', Verb::kVersion},
};

// What a command takes beside the option that names it; any other option is illegal with it.
struct VerbOptions {
  OptionSet required = {};
  OptionSet optional = {};
  OptionSet exclusive = {};  // one of these at most
};

constexpr VerbOptions verb_options(Verb verb) {
  using enum OptionId;
  constexpr OptionSet kOfService{kScheduler, kPersistent, kNetmask, kOps, kEngine, kSchedFlags};
  constexpr OptionSet kOfServer{kForward, kWeight,    kUpper,   kLower,     kTunType,
                                kTunPort, kTunNocsum, kTunCsum, kTunRemcsum};
  switch (verb) {
    case Verb::kAddService:
    case Verb::kEditService:
      return {.required = {kService}, .optional = kOfService};
    case Verb::kDeleteService:
      return {.required = {kService}};
    case Verb::kAddServer:
    case Verb::kEditServer:
      return {.required = {kService, kServer}, .optional = kOfServer};
    case Verb::kDeleteServer:
      return {.required = {kService, kServer}};
    case Verb::kZero:
      return {.optional = {kService}};
    case Verb::kSave:
      return {.optional = {kNumeric}};
    case Verb::kList:
      return {.optional = {kNumeric, kStats, kRate, kThresholds, kPersistentConn, kNosort, kSyncid,
                           kExact, kTunInfo},
              .exclusive = {kConnection, kService, kTimeout, kDaemon}};
    case Verb::kStartDaemon:
      return {.optional = {kMcastInterface, kSyncid, kMcastGroup, kMcastPort, kMcastTtl, kMaxlen}};
    case Verb::kStopDaemon:
      return {.optional = {kSyncid}};
    case Verb::kClear:
    case Verb::kSetTimeouts:
    case Verb::kRestore:
    case Verb::kHelp:
    case Verb::kVersion:
      return {};
  }
  return {};
}

struct OptionWord {
  std::string_view long_name;
  char short_name;  // '\0': none
  OptionId id;      // kCount: those that ipvsadm does not count
  Argument argument = Argument::kNone;
};

inline constexpr std::array kOptionWords{
    OptionWord{"tcp-service", 't', OptionId::kService, Argument::kRequired},
    OptionWord{"udp-service", 'u', OptionId::kService, Argument::kRequired},
    OptionWord{"sctp-service", '\0', OptionId::kService, Argument::kRequired},
    OptionWord{"fwmark-service", 'f', OptionId::kService, Argument::kRequired},
    OptionWord{"scheduler", 's', OptionId::kScheduler, Argument::kRequired},
    OptionWord{"pe", '\0', OptionId::kEngine, Argument::kRequired},
    OptionWord{"persistent", 'p', OptionId::kPersistent, Argument::kOptional},
    OptionWord{"netmask", 'M', OptionId::kNetmask, Argument::kRequired},
    OptionWord{"real-server", 'r', OptionId::kServer, Argument::kRequired},
    OptionWord{"masquerading", 'm', OptionId::kForward},
    OptionWord{"ipip", 'i', OptionId::kForward},
    OptionWord{"gatewaying", 'g', OptionId::kForward},
    OptionWord{"weight", 'w', OptionId::kWeight, Argument::kRequired},
    OptionWord{"u-threshold", 'x', OptionId::kUpper, Argument::kRequired},
    OptionWord{"l-threshold", 'y', OptionId::kLower, Argument::kRequired},
    OptionWord{"numeric", 'n', OptionId::kNumeric},
    OptionWord{"connection", 'c', OptionId::kConnection},
    OptionWord{"mcast-interface", '\0', OptionId::kMcastInterface, Argument::kRequired},
    OptionWord{"mcast-group", '\0', OptionId::kMcastGroup, Argument::kRequired},
    OptionWord{"mcast-port", '\0', OptionId::kMcastPort, Argument::kRequired},
    OptionWord{"mcast-ttl", '\0', OptionId::kMcastTtl, Argument::kRequired},
    OptionWord{"sync-maxlen", '\0', OptionId::kMaxlen, Argument::kRequired},
    OptionWord{"syncid", '\0', OptionId::kSyncid, Argument::kRequired},
    OptionWord{"timeout", '\0', OptionId::kTimeout},
    OptionWord{"daemon", '\0', OptionId::kDaemon},
    OptionWord{"stats", '\0', OptionId::kStats},
    OptionWord{"rate", '\0', OptionId::kRate},
    OptionWord{"thresholds", '\0', OptionId::kThresholds},
    OptionWord{"persistent-conn", '\0', OptionId::kPersistentConn},
    OptionWord{"tun-info", '\0', OptionId::kTunInfo},
    OptionWord{"tun-type", '\0', OptionId::kTunType, Argument::kRequired},
    OptionWord{"tun-port", '\0', OptionId::kTunPort, Argument::kRequired},
    OptionWord{"tun-nocsum", '\0', OptionId::kTunNocsum},
    OptionWord{"tun-csum", '\0', OptionId::kTunCsum},
    OptionWord{"tun-remcsum", '\0', OptionId::kTunRemcsum},
    OptionWord{"nosort", '\0', OptionId::kNosort},
    OptionWord{"sort", '\0', OptionId::kCount},  // the default
    OptionWord{"exact", 'X', OptionId::kExact},
    OptionWord{"ipv6", '6', OptionId::kCount},
    OptionWord{"ops", 'o', OptionId::kOps},
    OptionWord{"sched-flags", 'b', OptionId::kSchedFlags, Argument::kRequired},
};

}  // namespace control::ipvsadm
