#include "control/ipvsadm/values.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace control::ipvsadm {
namespace {

constexpr uint32_t kLongestTimeout = 31 * 24 * 60 * 60;
constexpr uint32_t kLargestWeight = 65535;
constexpr uint32_t kLargestInt = std::numeric_limits<int32_t>::max();

std::optional<uint16_t> parse_port(std::string_view text, lb::Protocol protocol) {
  if (const auto number = parse_number(text, 0, 65535)) return static_cast<uint16_t>(*number);
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  servent entry{};
  servent* found = nullptr;
  std::array<char, 1024> buffer{};
  const std::string name(text), of(lb::to_string(protocol));
  getservbyname_r(name.c_str(), of.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return ntohs(static_cast<uint16_t>(found->s_port));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::unexpected<CommandError> illegal_address(std::string_view text, std::string_view what) {
  const std::string_view host = text.substr(0, text.rfind(':'));
  const bool host_name =
      std::ranges::any_of(host, is_letter) && host.find_first_of("[:") == std::string_view::npos;
  return usage_error(fmt::format(
      "illegal {} address[:port] specified{}", what,
      host_name
          ? fmt::format(": lbd asks no DNS, so not the name {} but its address is wanted", host)
          : ""));
}

}  // namespace

std::unexpected<CommandError> usage_error(std::string text) {
  return std::unexpected(CommandError{std::move(text), kUsage});
}

std::optional<uint32_t> parse_number(std::string_view text, uint32_t min, uint32_t max) {
  if (text.starts_with('+')) text.remove_prefix(1);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (number < min || number > max) return std::nullopt;
  return number;
}

Parsed<ParsedAddress> parse_address(std::string_view text, lb::Protocol protocol,
                                    std::string_view what) {
  if (const auto address = lb::IpAddress::parse(text)) return ParsedAddress{{*address, 0}, false};
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return illegal_address(text, what);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = lb::IpAddress::parse(host);
  const auto port = parse_port(text.substr(colon + 1), protocol);
  if (!address || !port || address->is_ipv4() == bracketed) return illegal_address(text, what);
  return ParsedAddress{{*address, *port}, true};
}

Parsed<uint32_t> parse_timeout(std::string_view text, uint32_t min) {
  if (const auto seconds = parse_number(text, min, kLongestTimeout)) return *seconds;
  return usage_error(fmt::format("invalid timeout value `{}' specified", text));
}

Parsed<uint32_t> parse_weight(std::string_view text) {
  const auto weight = parse_number(text, 0, kLargestInt);
  if (!weight) return usage_error("illegal weight specified");
  if (*weight > kLargestWeight) {
    return usage_error(
        fmt::format("illegal weight specified: lbd's go from 0 to {}", kLargestWeight));
  }
  return *weight;
}

Parsed<uint32_t> parse_threshold(std::string_view text, std::string_view name) {
  if (const auto connections = parse_number(text, 0, kLargestInt)) return *connections;
  return usage_error(fmt::format("illegal {} specified", name));
}

Parsed<lb::IpAddress> parse_netmask(std::string_view text) {
  const auto netmask = lb::IpAddress::parse(text);
  if (netmask && netmask->is_ipv4()) return *netmask;
  return usage_error("illegal virtual server persistent mask specified");
}

Parsed<uint32_t> parse_fwmark(std::string_view text) {
  if (const auto mark = parse_number(text, 1, std::numeric_limits<uint32_t>::max())) return *mark;
  return usage_error(fmt::format("invalid fwmark value `{}' specified", text));
}

Parsed<SchedulerFlags> parse_scheduler_flags(std::string_view text, std::string_view scheduler) {
  SchedulerFlags flags;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view flag = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::string_view of = flag.substr(0, flag.find('-'));
    if (flag == "flag-1") {
      flags.fallback = true;
    } else if (flag == "flag-2") {
      flags.port = true;
    } else if (flag == "flag-3") {
      return usage_error("no scheduler of lbd has a third flag (flag-3)");
    } else if (flag != "sh-fallback" && flag != "sh-port" && flag != "mh-fallback" &&
               flag != "mh-port") {
      return usage_error(fmt::format("invalid scheduler flag `{}'", flag));
    } else if (of != scheduler) {
      return usage_error(fmt::format("incompatible scheduler flag `{}'", flag));
    } else {
      (flag.ends_with("port") ? flags.port : flags.fallback) = true;
    }
  }
  return flags;
}

}  // namespace control::ipvsadm
