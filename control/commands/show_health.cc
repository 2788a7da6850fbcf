#include "control/commands/show_health.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/health/monitor.h"
#include "control/human.h"
#include "control/json_text.h"
#include "control/resolve.h"
#include "control/service_names.h"
#include "control/text_table.h"

namespace control::commands {
namespace {

using Json = nlohmann::ordered_json;

std::string time_text(const CheckEvent& event) {
  return human_time(std::chrono::system_clock::to_time_t(event.time));
}

const char* health_text(const CheckFacts& check) {
  return check.paused ? "unchecked" : check.up ? "up" : "down";
}

Json to_json(const CheckFacts& check) {
  Json out{{"target", check.target.to_short_string()},
           {"type", check.check.type},
           {"health", health_text(check)},
           {"interval", check.check.interval_ms / 1000.0},
           {"timeout", check.check.timeout_ms / 1000.0},
           {"fall", check.check.fall},
           {"rise", check.check.rise}};
  Json last;  // null: none has ended yet
  if (check.last) {
    last = {{"result", check.last->passed ? "passed" : "failed"},
            {"reason", check.last->reason},
            {"duration_seconds", check.last->duration_seconds},
            {"seconds_ago", check.last->ended_seconds_ago}};
  }
  out["last"] = std::move(last);
  out["passes_in_a_row"] = check.passes;
  out["failures_in_a_row"] = check.failures;
  out["passes_total"] = check.passes_total;
  out["failures_total"] = check.failures_total;
  Json history = Json::array();
  for (const CheckEvent& event : check.history) {
    history.push_back({{"time", time_text(event)},
                       {"health", event.up ? "up" : "down"},
                       {"reason", event.reason}});
  }
  out["history"] = std::move(history);
  Json servers = Json::array();
  for (const CheckFacts::Server& server : check.servers) {
    servers.push_back(
        {{"service", server.service_name}, {"server", server.address.to_short_string()}});
  }
  out["servers"] = std::move(servers);
  return out;
}

Json to_json(const QuorumFacts& quorum) {
  Json out{{"service", quorum.service},
           {"quorum", quorum.present ? "present" : "lost"},
           {"live_weight", quorum.weight},
           {"quorum_weight", quorum.quorum},
           {"quorum_hysteresis", quorum.hysteresis}};
  if (quorum.sorry_server) {
    out["sorry_server"] = quorum.sorry_server->to_short_string();
    out["sorry_server_serves"] = quorum.sorry_server_serves;
  }
  return out;
}

std::string in_a_row(const CheckFacts& check) {
  if (check.passes > 0) return fmt::format("{} passed", check.passes);
  return check.failures > 0 ? fmt::format("{} failed", check.failures) : "";
}

std::string used_by(const CheckFacts& check) {
  std::vector<std::string_view> names;
  for (const CheckFacts::Server& server : check.servers) names.push_back(server.service_name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return fmt::format("{}", fmt::join(names, ","));
}

std::string checks_table(const std::vector<CheckFacts>& checks) {
  using enum TextTable::Align;
  TextTable table({{"target"},
                   {"type"},
                   {"health"},
                   {"in_a_row"},
                   {"ms", kRight},
                   {"changes", kRight},
                   {"services"},
                   {"last_result"}});
  for (const CheckFacts& check : checks) {
    table.add({check.target.to_short_string(), check.check.type, health_text(check),
               in_a_row(check),
               check.last ? fmt::format("{:.1f}", check.last->duration_seconds * 1000) : "",
               check.history.size() < health::Monitor::kHistory
                   ? fmt::to_string(check.history.size())
                   : fmt::format("{}+", check.history.size()),
               used_by(check), check.last ? check.last->reason : ""});
  }
  return table.render();
}

std::string quorums_table(const std::vector<QuorumFacts>& services) {
  using enum TextTable::Align;
  TextTable table({{"service"},
                   {"quorum"},
                   {"live_weight", kRight},
                   {"needed", kRight},
                   {"hysteresis", kRight},
                   {"sorry_server"},
                   {"serves"}});
  for (const QuorumFacts& quorum : services) {
    table.add({quorum.service, quorum.present ? "present" : "lost", fmt::to_string(quorum.weight),
               fmt::to_string(quorum.quorum), fmt::to_string(quorum.hysteresis),
               quorum.sorry_server ? quorum.sorry_server->to_short_string() : "",
               quorum.sorry_server_serves ? "sorry_server" : "servers"});
  }
  return table.render();
}

std::string history_text(const std::vector<CheckFacts>& checks) {
  std::string text;
  for (const CheckFacts& check : checks) {
    for (const CheckEvent& event : check.history) {
      text += fmt::format("{}  {} {} {}: {}\n", time_text(event), check.check.type,
                          check.target.to_short_string(), event.up ? "up" : "down",
                          printable(event.reason));
    }
  }
  return text;
}

}  // namespace

Reply show_health(Facts& facts, const Call& call) {
  if (call.arguments.size() > 1) {
    return std::unexpected(
        usage_error(kShowHealth, fmt::format("unexpected \"{}\"", call.arguments[1])));
  }
  HealthFacts health = facts.health();
  if (!call.arguments.empty()) {
    const std::string_view word = call.arguments[0];
    const auto found = std::ranges::find_if(health.services, [&](const QuorumFacts& one) {
      return word == one.service || word == one.derived_name;
    });
    if (found == health.services.end()) {
      return std::unexpected(
          CommandError{no_such_service(word, health.services, &QuorumFacts::service)});
    }
    health.services = std::vector{std::move(*found)};
    std::erase_if(health.checks, [&](const CheckFacts& check) {
      return std::ranges::find(check.servers, health.services[0].service,
                               &CheckFacts::Server::service_name) == check.servers.end();
    });
  }
  if (!call.json) {
    std::string text = checks_table(health.checks) + "\n" + quorums_table(health.services);
    const std::string history = history_text(health.checks);
    return history.empty() ? text : text + "\n" + history;
  }
  Json checks = Json::array(), services = Json::array();
  for (const CheckFacts& check : health.checks) checks.push_back(to_json(check));
  for (const QuorumFacts& quorum : health.services) services.push_back(to_json(quorum));
  return json_text({{"checks", std::move(checks)}, {"services", std::move(services)}});
}

}  // namespace control::commands
