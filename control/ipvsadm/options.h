// The command line of ipvsadm 1.31 (popt's conventions included), as far as lbd follows it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "control/command.h"
#include "lb/address.h"

namespace control::ipvsadm {

// -t and -u
struct ServiceSelection {
  lb::Protocol protocol = lb::Protocol::kTcp;
  lb::Endpoint address;
};
// -f and --sctp-service: parsed as ipvsadm does, but lbd has no such service
struct ForeignSelection {};

struct ListOptions {
  std::variant<std::monostate, ServiceSelection, ForeignSelection> service;
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

enum class Verb : uint8_t { kList, kHelp, kVersion, kChange, kSave, kRestore };

struct Request {
  Verb verb = Verb::kList;
  ListOptions list;  // of kList
};

// `words` is what followed "ipvsadm". The verbs that lbd does not know yet are recognised by their
// first word alone. Errors: ipvsadm's own texts and exit statuses.
std::expected<Request, CommandError> parse(std::span<const std::string_view> words);

}  // namespace control::ipvsadm
