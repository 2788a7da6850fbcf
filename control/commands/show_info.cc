#include "control/commands/show_info.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/human.h"
#include "control/json_text.h"

namespace control::commands {
namespace {

nlohmann::ordered_json to_json(const std::optional<ReloadFacts>& reload) {
  if (!reload) return nullptr;
  nlohmann::ordered_json out{{"successful", reload->successful}, {"unix", reload->unix_time}};
  if (!reload->successful) out["error"] = reload->error;
  return out;
}

std::string to_json(const InfoFacts& info, const std::vector<DropFacts>& drops) {
  auto by_reason = nlohmann::ordered_json::object();
  for (const DropFacts& drop : drops) by_reason[drop.reason] = drop.count;
  return json_text(
      {{"version", info.version},
       {"pid", info.pid},
       {"config_file", info.config_file},
       {"started_unix", info.started_unix},
       {"uptime_seconds", info.uptime_seconds},
       {"workers", info.workers},
       {"vips", info.vips},
       {"connections",
        {{"entries", info.connection_entries},
         {"capacity", info.connection_capacity},
         {"reclaimed", info.connections_reclaimed}}},
       {"client_holds",
        {{"capacity", info.client_holds_capacity}, {"displaced", info.client_holds_displaced}}},
       {"last_reload", to_json(info.last_reload)},
       {"answers", {{"given", info.answers_given}, {"suppressed", info.answers_suppressed}}},
       {"mbufs", {{"in_use", info.mbufs_in_use}, {"total", info.mbufs_total}}},
       {"drops", std::move(by_reason)}});
}

std::string share(uint64_t part, uint64_t whole) {
  const double percent =
      whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{} of {} ({:.1f} %)", part, whole, percent);
}

}  // namespace

Reply show_info(Facts& facts, const Call& call) {
  const InfoFacts info = facts.info();
  const std::vector<DropFacts> drops = facts.drops();
  if (call.json) return to_json(info, drops);
  uint64_t dropped = 0;
  for (const DropFacts& drop : drops) dropped += drop.count;
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{:<12} {}\n", name, value);
  };
  line("version", info.version);
  line("pid", fmt::to_string(info.pid));
  line("config", info.config_file);
  line("started", human_time(info.started_unix));
  line("uptime", human_duration(info.uptime_seconds));
  line("workers", fmt::to_string(info.workers));
  line("vips", info.vips);
  if (info.last_reload) {
    const ReloadFacts& reload = *info.last_reload;
    line("reload", fmt::format("{}{}", human_time(reload.unix_time),
                               reload.successful ? "" : ", refused: " + reload.error));
  }
  line("connections", share(info.connection_entries, info.connection_capacity));
  if (info.connections_reclaimed > 0) {
    line("reclaimed", fmt::format("{} that were closing or only begun, for newer ones",
                                  info.connections_reclaimed));
  }
  if (info.client_holds_displaced > 0) {
    line("persistence", fmt::format("{} clients lost their server for want of room (room for {})",
                                    info.client_holds_displaced, info.client_holds_capacity));
  }
  if (info.answers_suppressed > 0) {
    line("answers", fmt::format("{} given, {} held back: too many a second, or no way for them",
                                info.answers_given, info.answers_suppressed));
  }
  line("mbufs", share(info.mbufs_in_use, info.mbufs_total));
  line("drops", fmt::format("{} packets", dropped));
  return text;
}

}  // namespace control::commands
