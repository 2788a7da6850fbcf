#include "control/commands/show_drops.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/json_text.h"
#include "control/text_table.h"

namespace control::commands {

Reply show_drops(Facts& facts, const Call& call) {
  std::vector<DropFacts> drops = facts.drops();
  if (call.json) {
    auto list = nlohmann::ordered_json::array();
    for (const DropFacts& drop : drops) {
      list.push_back({{"reason", drop.reason},
                      {"description", drop.description},
                      {"count", drop.count},
                      {"rate", drop.rate}});
    }
    return json_text({{"drops", std::move(list)}});
  }
  // Those never seen stay in the list: it is where one learns which reasons there are.
  std::ranges::stable_sort(drops, std::greater{}, &DropFacts::count);
  using enum TextTable::Align;
  TextTable table({{"packets", kRight}, {"per_s", kRight}, {"reason"}, {"description"}});
  for (DropFacts& drop : drops) {
    table.add({fmt::to_string(drop.count), drop.rate < 0.5 ? "" : fmt::format("{:.0f}", drop.rate),
               std::move(drop.reason), std::move(drop.description)});
  }
  return table.render();
}

}  // namespace control::commands
