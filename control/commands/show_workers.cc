#include "control/commands/show_workers.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/json_text.h"
#include "control/text_table.h"

namespace control::commands {

Reply show_workers(Facts& facts, const Call& call) {
  using enum TextTable::Align;
  auto list = nlohmann::ordered_json::array();
  TextTable table({{"lcore", kRight},
                   {"busy_%", kRight},
                   {"connections", kRight},
                   {"packets", kRight},
                   {"handed_over", kRight},
                   {"steering"}});
  for (const WorkerFacts& worker : facts.workers()) {
    if (call.json) {
      list.push_back({{"lcore", worker.lcore},
                      {"busy", worker.busy},
                      {"connections", worker.connections},
                      {"packets", worker.packets},
                      {"handed_over", worker.handed_over},
                      {"steering", worker.steering}});
      continue;
    }
    table.add({fmt::to_string(worker.lcore), fmt::format("{:.1f}", 100 * worker.busy),
               fmt::to_string(worker.connections), fmt::to_string(worker.packets),
               fmt::to_string(worker.handed_over), worker.steering});
  }
  return call.json ? json_text({{"workers", std::move(list)}}) : table.render();
}

}  // namespace control::commands
