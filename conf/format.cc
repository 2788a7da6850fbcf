#include "conf/format.h"

#include <algorithm>
#include <charconv>

#include "lb/address.h"

namespace conf {
namespace {

using Expected = std::optional<std::string>;

constexpr std::string_view kName = "a name of letters, digits, \"_\", \".\" and \"-\"";
constexpr std::string_view kDevice = "a device name or PCI address of at most 63 characters";
constexpr std::string_view kNetdev =
    "a network device's name of at most 15 letters, digits, \"_\", \".\" and \"-\"";
constexpr std::string_view kAddress = "an IPv4 address such as \"192.0.2.1\"";
constexpr std::string_view kPrefix = "an address with prefix length such as \"192.0.2.1/24\"";
constexpr std::string_view kEndpoint = "\"IP:port\" with a port from 1 to 65535";
constexpr std::string_view kNetmask = "an IPv4 netmask such as \"255.255.255.0\"";
constexpr std::string_view kServer = "\"IP:port\" with a port from 1 to 65535, or \"IP\"";
constexpr std::string_view kMac = "a MAC address such as \"02:00:00:00:00:01\"";
constexpr std::string_view kArgument = "an argument that is not empty";
constexpr std::string_view kPath = "an absolute path of a socket, at most 107 bytes long";
constexpr std::string_view kMode = "four octal digits such as \"0600\"";
constexpr std::string_view kPorts = "\"FIRST-LAST\" with ports from 1 to 65535";
constexpr std::string_view kAscending = "\"FIRST-LAST\" with the lower port first";

constexpr size_t kLongestDevice = 63;       // RTE_DEV_NAME_MAX_LEN holds a terminator too
constexpr size_t kLongestNetdev = 15;       // so does IFNAMSIZ
constexpr size_t kLongestSocketPath = 107;  // so does sockaddr_un::sun_path

std::string ip_pattern() {
  const std::string octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  return "(" + octet + "\\.){3}" + octet;
}

std::string port_pattern() {
  return "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";
}

Expected unless(bool right, std::string_view expected) {
  return right ? std::nullopt : Expected(expected);
}

bool is_word(std::string_view text, std::string_view punctuation) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || punctuation.find(c) != punctuation.npos;
  });
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

Expected is_ipv4(const lb::IpAddress& address) { return unless(address.is_ipv4(), kNoIpv6); }

Expected address_format(std::string_view text) {
  const auto address = lb::IpAddress::parse(text);
  return address ? is_ipv4(*address) : Expected(kAddress);
}

Expected prefix_format(std::string_view text) {
  const auto prefix = lb::Prefix::parse(text);
  return prefix ? is_ipv4(prefix->address) : Expected(kPrefix);
}

Expected server_format(std::string_view text) {
  const auto endpoint = lb::Endpoint::parse_or(text, 1);
  if (!endpoint) return Expected(kServer);
  if (const auto expected = is_ipv4(endpoint->address)) return expected;
  return unless(endpoint->port != 0, kServer);
}

Expected ip_and_port(std::string_view text, uint16_t least_port, std::string_view expected) {
  if (const auto address = lb::IpAddress::parse(text); address && !address->is_ipv4()) {
    return Expected(kNoIpv6);
  }
  const auto endpoint = lb::Endpoint::parse(text);
  if (!endpoint) return Expected(expected);
  if (const auto family = is_ipv4(endpoint->address)) return family;
  return unless(endpoint->port >= least_port, expected);
}

Expected endpoint_format(std::string_view text) { return ip_and_port(text, 1, kEndpoint); }

Expected service_address_format(std::string_view text) { return ip_and_port(text, 0, kEndpoint); }

Expected netmask_format(std::string_view text) {
  const auto mask = lb::IpAddress::parse(text);
  return unless(mask && mask->is_ipv4(), kNetmask);
}

Expected path_format(std::string_view text) {
  const bool absolute = text.size() > 1 && text.front() == '/' && text.back() != '/';
  return unless(absolute && text.size() <= kLongestSocketPath && !has_control_character(text),
                kPath);
}

Expected mode_format(std::string_view text) {
  const bool octal = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  return unless(octal && text.size() == 4 && text.front() == '0', kMode);
}

Expected ports_format(std::string_view text) {
  const auto ports = parse_ports(text);
  return ports ? unless(ports->first <= ports->second, kAscending) : Expected(kPorts);
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return text.front() == '0' ? std::nullopt : std::optional(port);
}

Text text(std::string_view expected, std::string pattern, Expected (*format)(std::string_view)) {
  return {std::string(expected), pattern.insert(0, 1, '^') += '$', format};
}

}  // namespace

Text any_argument() {
  return text(kArgument, "[^\\u0000]+", [](std::string_view text) {
    return unless(!text.empty() && text.find('\0') == text.npos, kArgument);
  });
}

Text name_text() {
  return text(kName, "[A-Za-z0-9_.-]+",
              [](std::string_view text) { return unless(is_word(text, "_.-"), kName); });
}

Text device_text() {
  return text(kDevice, "[A-Za-z0-9_.:-]{1,63}", [](std::string_view text) {
    return unless(is_word(text, "_.:-") && text.size() <= kLongestDevice, kDevice);
  });
}

Text netdev_text() {
  // No file in /proc can be called "." or "..".
  return text(kNetdev, "[A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}", [](std::string_view text) {
    return unless(is_word(text, "_.-") && text.front() != '.' && text.size() <= kLongestNetdev,
                  kNetdev);
  });
}

Text address_text() { return text(kAddress, ip_pattern(), address_format); }

Text prefix_text() { return text(kPrefix, ip_pattern() + "/(3[0-2]|[12]?[0-9])", prefix_format); }

Text endpoint_text() {
  return text(kEndpoint, ip_pattern() + ":" + port_pattern(), endpoint_format);
}

Text service_address_text() {
  return text(kEndpoint, ip_pattern() + ":(0|" + port_pattern() + ")", service_address_format);
}

Text netmask_text() { return text(kNetmask, ip_pattern(), netmask_format); }

Text server_text() {
  return text(kServer, ip_pattern() + "(:" + port_pattern() + ")?", server_format);
}

Text mac_text() {
  return text(kMac, "[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", [](std::string_view text) {
    return unless(lb::MacAddress::parse(text).has_value(), kMac);
  });
}

Text socket_path_text() {
  // Counts characters where the check counts bytes.
  return text(kPath, "/[^\\u0000-\\u001f]{0,105}[^/\\u0000-\\u001f]", path_format);
}

Text file_mode_text() { return text(kMode, "0[0-7]{3}", mode_format); }

Text ports_text() {
  // Cannot say which port is the lower one.
  return text(kPorts, port_pattern() + "-" + port_pattern(), ports_format);
}

std::optional<std::pair<uint16_t, uint16_t>> parse_ports(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto first = parse_port(text.substr(0, dash));
  const auto last = parse_port(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  return std::pair(*first, *last);
}

}  // namespace conf
