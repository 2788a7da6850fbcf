#include "control/commands/show_workers.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/json_text.h"
#include "control/text_table.h"

namespace control::commands {

namespace {

// "ring", and why packets were handed over: "ring (owner 12, transmit 3)".
std::string steering_text(const WorkerFacts& worker) {
  std::string reasons;
  for (const auto& [reason, count] : worker.handed_over_by_reason) {
    if (count > 0) reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, count);
  }
  return reasons.empty() ? worker.steering : worker.steering + " (" + reasons + ")";
}

}  // namespace

Reply show_workers(Facts& facts, const Call& call) {
  using enum TextTable::Align;
  auto list = nlohmann::ordered_json::array();
  TextTable table({{"lcore", kRight},
                   {"busy_%", kRight},
                   {"connections", kRight},
                   {"packets", kRight},
                   {"handed_over", kRight},
                   {"taken_over", kRight},
                   {"ring_%", kRight},
                   {"steering"}});
  for (const WorkerFacts& worker : facts.workers()) {
    if (call.json) {
      list.push_back({{"lcore", worker.lcore},
                      {"busy", worker.busy},
                      {"connections", worker.connections},
                      {"packets", worker.packets},
                      {"handed_over", worker.handed_over},
                      {"handed_over_by_reason", worker.handed_over_by_reason},
                      {"taken_over", worker.taken_over},
                      {"ring_fill", worker.ring_fill},
                      {"steering", worker.steering}});
      continue;
    }
    table.add({fmt::to_string(worker.lcore), fmt::format("{:.1f}", 100 * worker.busy),
               fmt::to_string(worker.connections), fmt::to_string(worker.packets),
               fmt::to_string(worker.handed_over), fmt::to_string(worker.taken_over),
               fmt::format("{:.1f}", 100 * worker.ring_fill), steering_text(worker)});
  }
  return call.json ? json_text({{"workers", std::move(list)}}) : table.render();
}

}  // namespace control::commands
