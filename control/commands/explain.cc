#include "control/commands/explain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/explanation.h"
#include "control/json_text.h"
#include "control/resolve.h"
#include "control/text_table.h"

namespace control::commands {
namespace {

using nlohmann::ordered_json;
using Outcome = Explanation::Outcome;

std::expected<lb::Endpoint, std::string> parse_end(std::string_view what, std::string_view text) {
  const auto end = lb::Endpoint::parse(text);
  if (!end) {
    return std::unexpected(
        fmt::format("{} \"{}\" is no address with a port (expected IP:PORT)", what, text));
  }
  if (!end->address.is_ipv4()) {
    return std::unexpected(fmt::format("{} \"{}\": IPv6 is not supported yet", what, text));
  }
  if (end->port == 0) {
    return std::unexpected(fmt::format("{} \"{}\": no packet has port 0", what, text));
  }
  return *end;
}

std::expected<ExplainQuery, std::string> parse(std::span<const std::string_view> arguments) {
  if (arguments.size() != 3) {
    return std::unexpected(
        fmt::format("expected a protocol, where the packet comes from and where it goes, got {} "
                    "argument{}",
                    arguments.size(), arguments.size() == 1 ? "" : "s"));
  }
  const auto protocol = lb::parse_protocol(arguments[0]);
  if (!protocol) {
    return std::unexpected(
        fmt::format("protocol \"{}\" is unknown (expected tcp or udp)", arguments[0]));
  }
  const auto client = parse_end("client", arguments[1]);
  if (!client) return std::unexpected(client.error());
  const auto destination = parse_end("destination", arguments[2]);
  if (!destination) return std::unexpected(destination.error());
  return ExplainQuery{*protocol, *client, *destination};
}

// --- text

std::string line(std::string_view title, std::string_view text) {
  return fmt::format("{:<11} {}\n", title, text);
}

std::string connection_text(const Explanation::Connection& connection) {
  const ConnectionFacts& facts = connection.facts;
  return fmt::format("{} {} -> {} -> {} ({}{}), expires in {:.0f} s", facts.state,
                     facts.client.to_string(), facts.virtual_address.to_string(),
                     facts.server.to_string(), facts.service.empty() ? "" : facts.service + ", ",
                     facts.forward, facts.expires_seconds) +
         (connection.cut ? ", cut" : "");
}

std::string server_text(const std::vector<Explanation::Server>& servers) {
  for (const Explanation::Server& server : servers) {
    if (server.chosen) {
      return fmt::format("{}, as things stand: {}", server.address.to_string(), server.why);
    }
  }
  return servers.empty() ? "the service has none" : "none";
}

std::string rewrite_text(const ExplainQuery& query, const Explanation::Rewrite& rewrite) {
  std::string text;
  if (rewrite.tunnel) {
    text = fmt::format("in a tunnel {} -> {}, unchanged inside", rewrite.tunnel->first.to_string(),
                       rewrite.tunnel->second.to_string());
  } else if (rewrite.source == query.client && rewrite.destination == query.destination) {
    text = "MAC addresses only";
  }
  if (rewrite.source != query.client) {
    text += fmt::format("source {} -> {}", query.client.to_string(), rewrite.source.to_string());
  }
  if (rewrite.destination != query.destination) {
    text += fmt::format("destination {} -> {}", query.destination.to_string(),
                        rewrite.destination.to_string());
  }
  return fmt::format("{}: {}", rewrite.forward, text);
}

std::string hop_text(const Explanation::NextHop& hop) {
  const NeighbourFacts& neighbour = hop.neighbour;
  const std::string mac =
      neighbour.mac ? neighbour.mac->to_string() : "no MAC yet: the packet waits for ARP";
  return fmt::format("{}{} by {}, {} ({})", hop.is_gateway ? "gateway " : "",
                     neighbour.address.to_string(), neighbour.interface, mac, neighbour.state);
}

std::string mtu_text(const Explanation::NextHop& hop) {
  std::string text = fmt::format("{} on the link", hop.link_mtu);
  if (hop.path_mtu != 0) text += fmt::format(", {} by what routers said", hop.path_mtu);
  if (hop.overhead != 0) text += fmt::format(", less {} for the tunnel", hop.overhead);
  if (hop.largest == hop.link_mtu) return text;
  return text + fmt::format(": {} leave whole", hop.largest);
}

std::string limits_text(const Explanation::Server& server) {
  if (server.upper_threshold == 0) return "";
  if (server.lower_threshold == 0) return std::to_string(server.upper_threshold);
  return fmt::format("{}/{}", server.upper_threshold, server.lower_threshold);
}

std::string servers_text(const std::vector<Explanation::Server>& servers) {
  if (servers.empty()) return {};
  using enum TextTable::Align;
  TextTable table({{"server"},
                   {"forward"},
                   {"weight", kRight},
                   {"state"},
                   {"active", kRight},
                   {"inactive", kRight},
                   {"limits", kRight},
                   {"takes_it"},
                   {"why"}});
  for (const Explanation::Server& server : servers) {
    table.add({server.address.to_string(), server.forward, std::to_string(server.weight),
               server.state, std::to_string(server.active_connections),
               std::to_string(server.inactive_connections), limits_text(server),
               server.chosen ? "yes" : "no", server.why});
  }
  return "\n" + table.render();
}

std::string to_text(const Explanation& explanation) {
  const ExplainQuery& query = explanation.query;
  std::string text =
      line("packet", fmt::format("{} {} -> {}", lb::to_string(query.protocol),
                                 query.client.to_string(), query.destination.to_string()));
  text += line("service", explanation.service.empty()
                              ? explanation.why_service
                              : fmt::format("{} {}, scheduler {}", explanation.service,
                                            explanation.why_service, explanation.scheduler));
  text += line("worker", fmt::format("{} (lcore {})", explanation.worker, explanation.lcore));
  text += line("connection",
               explanation.connection ? connection_text(*explanation.connection) : "none yet");
  text += line("outcome", fmt::format("{}: {}", to_string(explanation.outcome), explanation.why));
  if (!explanation.drop_reason.empty()) text += line("drop", explanation.drop_reason);
  if (explanation.held) text += line("client", "holds to " + explanation.held->to_string());
  if (explanation.outcome == Outcome::kNew)
    text += line("server", server_text(explanation.servers));
  if (explanation.rewrite) text += line("rewrite", rewrite_text(query, *explanation.rewrite));
  if (explanation.next_hop) {
    text += line("next hop", hop_text(*explanation.next_hop));
    text += line("mtu", mtu_text(*explanation.next_hop));
  }
  return text + servers_text(explanation.servers);
}

// --- JSON

ordered_json to_json(const Explanation::Connection& connection) {
  const ConnectionFacts& facts = connection.facts;
  return {{"state", facts.state},
          {"client", facts.client.to_string()},
          {"virtual", facts.virtual_address.to_string()},
          {"server", facts.server.to_string()},
          {"service", facts.service},
          {"forward", facts.forward},
          {"expires_seconds", facts.expires_seconds},
          {"inbound", connection.inbound},
          {"cut", connection.cut}};
}

ordered_json to_json(const Explanation::Server& server) {
  return {{"server", server.address.to_string()},
          {"forward", server.forward},
          {"weight", server.weight},
          {"state", server.state},
          {"active_connections", server.active_connections},
          {"inactive_connections", server.inactive_connections},
          {"upper_threshold", server.upper_threshold},
          {"lower_threshold", server.lower_threshold},
          {"chosen", server.chosen},
          {"why", server.why}};
}

ordered_json to_json(const Explanation::Rewrite& rewrite) {
  ordered_json json = {{"forward", rewrite.forward},
                       {"source", rewrite.source.to_string()},
                       {"destination", rewrite.destination.to_string()},
                       {"tunnel", nullptr}};
  if (rewrite.tunnel) {
    json["tunnel"] = {{"source", rewrite.tunnel->first.to_string()},
                      {"destination", rewrite.tunnel->second.to_string()}};
  }
  return json;
}

ordered_json to_json(const Explanation::NextHop& hop) {
  ordered_json json = {{"interface", hop.neighbour.interface},
                       {"address", hop.neighbour.address.to_string()},
                       {"gateway", hop.is_gateway},
                       {"state", hop.neighbour.state},
                       {"mac", nullptr},
                       {"source_mac", hop.source_mac.to_string()},
                       {"link_mtu", hop.link_mtu},
                       {"path_mtu", nullptr},
                       {"overhead", hop.overhead},
                       {"largest", hop.largest}};
  if (hop.neighbour.mac) json["mac"] = hop.neighbour.mac->to_string();
  if (hop.path_mtu != 0) json["path_mtu"] = hop.path_mtu;
  return json;
}

// Every key is there every time; what does not apply is null.
std::string to_json(const Explanation& explanation) {
  const ExplainQuery& query = explanation.query;
  ordered_json json = {{"protocol", lb::to_string(query.protocol)},
                       {"client", query.client.to_string()},
                       {"destination", query.destination.to_string()},
                       {"service", nullptr},
                       {"why_service", explanation.why_service},
                       {"scheduler", nullptr},
                       {"worker", explanation.worker},
                       {"lcore", explanation.lcore},
                       {"outcome", to_string(explanation.outcome)},
                       {"why", explanation.why},
                       {"drop", nullptr},
                       {"connection", nullptr},
                       {"held", nullptr},
                       {"rewrite", nullptr},
                       {"next_hop", nullptr},
                       {"servers", ordered_json::array()}};
  if (!explanation.service.empty()) {
    json["service"] = explanation.service;
    json["scheduler"] = explanation.scheduler;
  }
  if (!explanation.drop_reason.empty()) json["drop"] = explanation.drop_reason;
  if (explanation.connection) json["connection"] = to_json(*explanation.connection);
  if (explanation.held) json["held"] = explanation.held->to_string();
  if (explanation.rewrite) json["rewrite"] = to_json(*explanation.rewrite);
  if (explanation.next_hop) json["next_hop"] = to_json(*explanation.next_hop);
  for (const Explanation::Server& server : explanation.servers) {
    json["servers"].push_back(to_json(server));
  }
  return json_text(json);
}

}  // namespace

Reply explain(Facts& facts, const Call& call) {
  const auto query = parse(call.arguments);
  if (!query) return std::unexpected(usage_error(kExplain, query.error()));
  const auto explanation = facts.explain(*query);
  if (!explanation) return std::unexpected(CommandError{explanation.error()});
  return call.json ? to_json(*explanation) : to_text(*explanation);
}

}  // namespace control::commands
