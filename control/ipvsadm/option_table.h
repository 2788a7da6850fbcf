// The options of ipvsadm 1.31, and in which way `list` takes each.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "control/ipvsadm/options.h"

namespace control::ipvsadm {

// Options that share an entry count as one ("multiple 'service-address' options specified").
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

// What `list` does with an option: takes it, refuses it, or takes one of its kind only.
enum class InList : uint8_t { kOptional, kIllegal, kExclusive };

struct OptionInfo {
  std::string_view name;  // as error messages call it
  InList in_list;
};

// Indexed by OptionId.
inline constexpr std::array<OptionInfo, static_cast<size_t>(OptionId::kCount)> kOptionInfo{{
    {"numeric", InList::kOptional},
    {"connection", InList::kExclusive},
    {"service-address", InList::kExclusive},
    {"scheduler", InList::kIllegal},
    {"persistent", InList::kIllegal},
    {"netmask", InList::kIllegal},
    {"real-server", InList::kIllegal},
    {"forwarding-method", InList::kIllegal},
    {"weight", InList::kIllegal},
    {"u-threshold", InList::kIllegal},
    {"l-threshold", InList::kIllegal},
    {"mcast-interface", InList::kIllegal},
    {"timeout", InList::kExclusive},
    {"daemon", InList::kExclusive},
    {"stats", InList::kOptional},
    {"rate", InList::kOptional},
    {"thresholds", InList::kOptional},
    {"persistent-conn", InList::kOptional},
    {"nosort", InList::kOptional},
    {"syncid", InList::kIllegal},
    {"exact", InList::kOptional},
    {"ops", InList::kIllegal},
    {"pe", InList::kIllegal},
    {"sched-flags", InList::kIllegal},
    {"mcast-group", InList::kIllegal},
    {"mcast-port", InList::kIllegal},
    {"mcast-ttl", InList::kIllegal},
    {"sync-maxlen", InList::kIllegal},
    {"tun-info", InList::kOptional},
    {"tun-type", InList::kIllegal},
    {"tun-port", InList::kIllegal},
    {"tun-nocsum", InList::kIllegal},
    {"tun-csum", InList::kIllegal},
    {"tun-remcsum", InList::kIllegal},
}};

enum class Argument : uint8_t { kNone, kRequired, kOptional };

struct OptionWord {
  std::string_view long_name;
  char short_name;  // '\0': none
  OptionId id;      // kCount: accepted without effect
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

// The words that say what to do; exactly one, and first.
struct VerbWord {
  std::string_view long_name;
  char short_name;
  Verb verb;
};

inline constexpr std::array kVerbWords{
    VerbWord{"list", 'L', Verb::kList},
    VerbWord{"list", 'l', Verb::kList},
    VerbWord{"help", 'h', Verb::kHelp},
    VerbWord{"version", 'v', Verb::kVersion},
    VerbWord{"add-service", 'A', Verb::kChange},
    VerbWord{"edit-service", 'E', Verb::kChange},
    VerbWord{"delete-service", 'D', Verb::kChange},
    VerbWord{"clear", 'C', Verb::kChange},
    VerbWord{"add-server", 'a', Verb::kChange},
    VerbWord{"edit-server", 'e', Verb::kChange},
    VerbWord{"delete-server", 'd', Verb::kChange},
    VerbWord{"zero", 'Z', Verb::kChange},
    VerbWord{"set", '\0', Verb::kChange},
    VerbWord{"start-daemon", '\0', Verb::kChange},
    VerbWord{"stop-daemon", '\0', Verb::kChange},
    VerbWord{"restore", 'R', Verb::kRestore},
    VerbWord{"save", 'S', Verb::kSave},
};

}  // namespace control::ipvsadm
