#include "control/commands/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/json_text.h"
#include "control/resolve.h"

namespace control::commands {
namespace {

std::string_view to_string(Level level) { return level == Level::kAdmin ? "admin" : "read"; }

nlohmann::ordered_json to_json(const Command& command) {
  return {{"command", command.words},
          {"arguments", command.grammar},
          {"help", command.help},
          {"level", to_string(command.level)},
          {"json", command.json}};
}

std::string to_text(std::span<const Command* const> commands) {
  size_t width = 0;
  for (const Command* command : commands) width = std::max(width, usage(*command).size());
  std::string text;
  for (const Command* command : commands) {
    text += fmt::format("{:<{}}  {}{}\n", usage(*command), width, command->help,
                        command->level == Level::kAdmin ? " (admin)" : "");
  }
  return text;
}

}  // namespace

Reply help(Facts&, const Call& call) {
  const std::string wanted = fmt::format("{}", fmt::join(call.arguments, " "));
  std::vector<const Command*> shown;
  for (const Command& command : call.table) {
    // "help show" means all that begin with show, but not "help sho".
    if (wanted.empty() || command.words == wanted || command.words.starts_with(wanted + " ")) {
      shown.push_back(&command);
    }
  }
  if (shown.empty()) {
    const auto resolved = resolve(call.table, wanted, Level::kAdmin);
    if (!resolved) return std::unexpected(resolved.error());
    shown.push_back(resolved->command);  // words and then arguments: help for the command
  }
  if (!call.json) return to_text(shown);
  auto list = nlohmann::ordered_json::array();
  for (const Command* command : shown) list.push_back(to_json(*command));
  return json_text({{"commands", std::move(list)}});
}

}  // namespace control::commands
