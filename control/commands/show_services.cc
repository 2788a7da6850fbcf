#include "control/commands/show_services.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "control/human.h"
#include "control/json_text.h"
#include "control/resolve.h"
#include "control/service_names.h"
#include "control/text_table.h"

namespace control::commands {
namespace {

using Json = nlohmann::ordered_json;

void add_traffic(Json& out, const Traffic& totals, const Rates& rates) {
  out["connections_total"] = totals.connections;
  out["packets_in"] = totals.packets_in;
  out["packets_out"] = totals.packets_out;
  out["bytes_in"] = totals.bytes_in;
  out["bytes_out"] = totals.bytes_out;
  out["rates"] = {{"connections", rates.connections},
                  {"packets_in", rates.packets_in},
                  {"packets_out", rates.packets_out},
                  {"bytes_in", rates.bytes_in},
                  {"bytes_out", rates.bytes_out}};
}

Json to_json(const ServerFacts& server) {
  Json out{{"address", server.address.to_string()},
           {"forward", server.forward},
           {"weight", server.weight},
           {"state", server.state},
           {"health", server.health},
           {"active_connections", server.active_connections},
           {"inactive_connections", server.inactive_connections},
           {"upper_threshold", server.upper_threshold},
           {"lower_threshold", server.lower_threshold},
           {"persistent_clients", server.persistent_clients}};
  if (server.deadline_seconds) out["deadline_seconds"] = *server.deadline_seconds;
  add_traffic(out, server.totals, server.rates);
  return out;
}

struct Sums {
  uint64_t active = 0;
  uint64_t inactive = 0;
  size_t not_down = 0;
};

Sums sum(const ServiceFacts& service) {
  Sums sums;
  for (const ServerFacts& server : service.servers) {
    sums.active += server.active_connections;
    sums.inactive += server.inactive_connections;
    sums.not_down += server.health != "down";
  }
  if (service.sorry_server) {
    sums.active += service.sorry_server->active_connections;
    sums.inactive += service.sorry_server->inactive_connections;
  }
  for (const ServerFacts& server : service.leaving) {
    sums.active += server.active_connections;
    sums.inactive += server.inactive_connections;
  }
  return sums;
}

Json to_json(const ServiceFacts& service) {
  const Sums sums = sum(service);
  Json out{{"name", service.name},
           {"protocol", lb::to_string(service.protocol)},
           {"address", service.address.to_string()},
           {"scheduler", service.scheduler},
           {"forward", service.forward},
           {"refused", service.refused},
           {"persistence_timeout", service.persistence_timeout},
           {"one_packet", service.one_packet},
           {"active_connections", sums.active},
           {"inactive_connections", sums.inactive}};
  add_traffic(out, service.totals, service.rates);
  Json servers = Json::array();
  for (const ServerFacts& server : service.servers) servers.push_back(to_json(server));
  out["servers"] = std::move(servers);
  out["quorum"] = service.quorum ? "present" : "lost";
  if (service.sorry_server) {
    out["sorry_server"] = to_json(*service.sorry_server);
    out["sorry_server"]["serves"] = service.sorry_server_serves;
  }
  Json leaving = Json::array();
  for (const ServerFacts& server : service.leaving) leaving.push_back(to_json(server));
  out["leaving"] = std::move(leaving);
  return out;
}

void add_row(TextTable& table, std::vector<std::string> head, const Traffic& totals,
             const Rates& rates, std::string refused) {
  head.push_back(fmt::to_string(totals.connections));
  head.push_back(std::move(refused));
  head.push_back(human_number(rates.connections));
  head.push_back(human_number(rates.bytes_in));
  head.push_back(human_number(rates.bytes_out));
  head.push_back(human_number(static_cast<double>(totals.bytes_in)));
  head.push_back(human_number(static_cast<double>(totals.bytes_out)));
  table.add(std::move(head));
}

void add_server(TextTable& table, const ServerFacts& server, std::string state) {
  add_row(table,
          {"  ->", server.address.to_string(), "", "", server.forward,
           fmt::to_string(server.weight), std::move(state), server.health,
           fmt::to_string(server.active_connections), fmt::to_string(server.inactive_connections)},
          server.totals, server.rates, "");
}

std::string leaving_text(const ServerFacts& server) {
  if (!server.deadline_seconds) return "leaving";
  if (*server.deadline_seconds == 0) return "leaving, cut";  // its ends hear of it within seconds
  return fmt::format("leaving, {:.0f} s", std::ceil(*server.deadline_seconds));
}

std::string to_text(const std::vector<ServiceFacts>& services) {
  using enum TextTable::Align;
  TextTable table({{"service"},
                   {"address"},
                   {"proto"},
                   {"scheduler"},
                   {"forward"},
                   {"weight", kRight},
                   {"state"},
                   {"health"},
                   {"active", kRight},
                   {"inactive", kRight},
                   {"total", kRight},
                   {"refused", kRight},
                   {"conn/s", kRight},
                   {"in_B/s", kRight},
                   {"out_B/s", kRight},
                   {"in_B", kRight},
                   {"out_B", kRight}});
  for (const ServiceFacts& service : services) {
    const Sums sums = sum(service);
    add_row(
        table,
        {service.name, service.address.to_string(), std::string(lb::to_string(service.protocol)),
         service.scheduler, service.forward, "", service.deleted ? "leaving" : "",
         fmt::format("{}/{}", sums.not_down, service.servers.size()), fmt::to_string(sums.active),
         fmt::to_string(sums.inactive)},
        service.totals, service.rates, fmt::to_string(service.refused));
    for (const ServerFacts& server : service.servers) add_server(table, server, server.state);
    if (service.sorry_server) {
      add_server(table, *service.sorry_server, service.sorry_server_serves ? "sorry" : "standby");
    }
    for (const ServerFacts& server : service.leaving) {
      add_server(table, server, leaving_text(server));
    }
  }
  return table.render();
}

}  // namespace

Reply show_services(Facts& facts, const Call& call) {
  if (call.arguments.size() > 1) {
    return std::unexpected(
        usage_error(kShowServices, fmt::format("unexpected \"{}\"", call.arguments[1])));
  }
  std::vector<ServiceFacts> services = facts.services();
  std::vector<ServiceFacts> leaving = facts.leaving_services();
  if (!call.arguments.empty()) {
    const std::string_view name = call.arguments[0];
    const auto is_meant = [&](const ServiceFacts& service) { return service.is_called(name); };
    std::erase_if(leaving, std::not_fn(is_meant));
    const auto found = std::ranges::find_if(services, is_meant);
    if (found == services.end() && leaving.empty()) {
      return std::unexpected(CommandError{no_such_service(name, services, &ServiceFacts::name)});
    }
    services =
        found == services.end() ? std::vector<ServiceFacts>{} : std::vector{std::move(*found)};
  }
  if (!call.json) {
    services.insert(services.end(), leaving.begin(), leaving.end());
    return to_text(services);
  }
  Json list = Json::array();
  for (const ServiceFacts& service : services) list.push_back(to_json(service));
  Json gone = Json::array();
  for (const ServiceFacts& service : leaving) gone.push_back(to_json(service));
  return json_text({{"services", std::move(list)}, {"leaving", std::move(gone)}});
}

}  // namespace control::commands
