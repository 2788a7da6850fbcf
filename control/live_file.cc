// The part of live changes that has to do with files: what another configuration would change, the
// one that lbd was started with, and writing that anew.
#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "conf/error.h"
#include "conf/write.h"
#include "control/live_changes.h"
#include "control/load_file.h"
#include "control/plan_text.h"
#include "control/save_file.h"

namespace control {
namespace {

std::unexpected<Refusal> refuse_file(Refusal::Kind kind, std::string text) {
  return std::unexpected(Refusal{kind, std::move(text)});
}

}  // namespace

std::vector<std::string> LiveChanges::describe(const conf::Difference& difference) const {
  return plan_text(difference, [&](const ServiceKey& key, const lb::Endpoint* server) {
    const Roster::Service& service = *running_.roster.find(key);
    if (server != nullptr) return running_.connections_of(service.servers.at(*server).slot);
    uint64_t sum = 0;
    for (const auto& [address, member] : service.servers)
      sum += running_.connections_of(member.slot);
    return sum;
  });
}

std::expected<std::vector<std::string>, Refusal> LiveChanges::plan(const conf::Config& wanted) {
  const auto difference = examine(wanted);
  if (!difference) return std::unexpected(difference.error());
  return describe(*difference);
}

std::expected<std::vector<std::string>, Refusal> LiveChanges::reload() {
  auto outcome = replace_by_file();
  running_.last_reload = {outcome.has_value(), std::time(nullptr),
                          outcome ? "" : outcome.error().text};
  return outcome;
}

std::expected<std::vector<std::string>, Refusal> LiveChanges::replace_by_file() {
  // A pipe, good enough to start from, would hold up the control thread until somebody writes.
  std::error_code ignored;
  const auto type = std::filesystem::status(running_.config_file, ignored).type();
  if (type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::character) {
    return refuse_file(Refusal::Kind::kInvalid,
                       fmt::format("nothing was changed: {} is no file that can be read again",
                                   running_.config_file));
  }
  auto wanted = load_file(running_.config_file);
  if (!wanted) {
    return refuse_file(Refusal::Kind::kInvalid,
                       fmt::format("nothing was changed: {}", conf::one_line(wanted.error())));
  }
  return put_into_force(std::move(*wanted), {});
}

Change LiveChanges::save() {
  auto saved = save_file(running_.config_file, conf::to_json(running_.config).dump(2) + "\n");
  if (!saved) return refuse_file(Refusal::Kind::kFailed, saved.error());
  return {};
}

}  // namespace control
