#include "control/commands/show_connections.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "control/json_text.h"
#include "control/resolve.h"
#include "control/text_table.h"

namespace control::commands {
namespace {

using Parsed = std::expected<void, std::string>;

// Of "client" or "server".
Parsed parse_end(std::string_view which, std::string_view text, ConnectionQuery::Ends& ends) {
  if (const auto address = lb::IpAddress::parse(text)) {
    ends = {*address, std::nullopt};
  } else if (const auto endpoint = lb::Endpoint::parse(text)) {
    ends = {endpoint->address, endpoint->port};
  } else {
    return std::unexpected(
        fmt::format("{} \"{}\" is no address (expected IP, IP:PORT or [IPV6]:PORT)", which, text));
  }
  return {};
}

Parsed parse_limit(std::string_view text, ConnectionQuery& query) {
  if (text == "all") {
    query.limit = std::nullopt;
    return {};
  }
  size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit == 0) {
    return std::unexpected(fmt::format("limit \"{}\" is neither a positive number nor all", text));
  }
  query.limit = limit;
  return {};
}

std::expected<ConnectionQuery, std::string> parse(std::span<const std::string_view> arguments) {
  ConnectionQuery query;
  std::vector<std::string_view> seen;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string_view key = arguments[i];
    if (key != "service" && key != "server" && key != "client" && key != "limit") {
      return std::unexpected(
          fmt::format("unexpected \"{}\" (expected service, server, client or limit)", key));
    }
    if (std::ranges::find(seen, key) != seen.end()) {
      return std::unexpected(fmt::format("{} given twice", key));
    }
    seen.push_back(key);
    if (i + 1 == arguments.size()) return std::unexpected(fmt::format("{} needs a value", key));
    const std::string_view value = arguments[i + 1];
    Parsed parsed;
    if (key == "service") query.service = value;
    if (key == "server") parsed = parse_end(key, value, query.server);
    if (key == "client") parsed = parse_end(key, value, query.client);
    if (key == "limit") parsed = parse_limit(value, query);
    if (!parsed) return std::unexpected(parsed.error());
  }
  return query;
}

// Entry by entry: one document of a million entries would take gigabytes.
std::string to_json(const ConnectionPage& page) {
  std::string out = R"({"connections":[)";
  for (const ConnectionFacts& connection : page.connections) {
    if (&connection != page.connections.data()) out += ',';
    out += json_text({{"protocol", lb::to_string(connection.protocol)},
                      {"state", connection.state},
                      {"client", connection.client.to_string()},
                      {"virtual", connection.virtual_address.to_string()},
                      {"server", connection.server.to_string()},
                      {"service", connection.service},
                      {"forward", connection.forward},
                      {"expires_seconds", connection.expires_seconds}});
    out.pop_back();  // the newline
  }
  out += fmt::format(R"(],"complete":{}}})", page.complete);
  return out + '\n';
}

std::string to_text(const ConnectionPage& page) {
  using enum TextTable::Align;
  TextTable table({{"proto"},
                   {"state"},
                   {"expires_s", kRight},
                   {"client"},
                   {"virtual"},
                   {"server"},
                   {"forward"},
                   {"service"}});
  for (const ConnectionFacts& connection : page.connections) {
    table.add({std::string(lb::to_string(connection.protocol)), connection.state,
               fmt::format("{:.0f}", connection.expires_seconds), connection.client.to_string(),
               connection.virtual_address.to_string(), connection.server.to_string(),
               connection.forward, connection.service});
  }
  std::string text = table.render();
  if (!page.complete) {
    text += fmt::format("# the first {}; there are more (limit N, or limit all)\n",
                        page.connections.size());
  }
  return text;
}

}  // namespace

Reply show_connections(Facts& facts, const Call& call) {
  const auto query = parse(call.arguments);
  if (!query) return std::unexpected(usage_error(kShowConnections, query.error()));
  const auto page = facts.connections(*query);
  if (!page) return std::unexpected(CommandError{page.error()});
  return call.json ? to_json(*page) : to_text(*page);
}

}  // namespace control::commands
