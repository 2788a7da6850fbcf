// The values that ipvsadm's options take, parsed as ipvsadm does unless said here.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "control/command.h"
#include "lb/address.h"

namespace control::ipvsadm {

inline constexpr int kUsage = 2;      // what ipvsadm exits with when it does not like its arguments
inline constexpr int kRefused = 255;  // and when the kernel, or popt, does not

template <typename T>
using Parsed = std::expected<T, CommandError>;

std::unexpected<CommandError> usage_error(std::string text);

// Decimal; nothing outside of min to max.
std::optional<uint32_t> parse_number(std::string_view text, uint32_t min, uint32_t max);

struct ParsedAddress {
  lb::Endpoint endpoint;
  bool has_port = false;
};

// "IP", "IP:port", "[IP6]:port"; the port may be a name of the services database. `what` is
// "virtual server" or "real server". Host names are refused: the daemon's control thread must not
// wait for DNS.
Parsed<ParsedAddress> parse_address(std::string_view text, lb::Protocol protocol,
                                    std::string_view what);

// Seconds, up to 31 days.
Parsed<uint32_t> parse_timeout(std::string_view text, uint32_t min);

Parsed<uint32_t> parse_weight(std::string_view text);

// `name` as the message has it: "u_threshold".
Parsed<uint32_t> parse_threshold(std::string_view text, std::string_view name);

Parsed<lb::IpAddress> parse_netmask(std::string_view text);

Parsed<uint32_t> parse_fwmark(std::string_view text);

// The options of a scheduler that -b can set.
struct SchedulerFlags {
  bool fallback = false;
  bool port = false;
};

Parsed<SchedulerFlags> parse_scheduler_flags(std::string_view text, std::string_view scheduler);

}  // namespace control::ipvsadm
