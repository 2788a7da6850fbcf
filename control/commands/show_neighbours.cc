#include "control/commands/show_neighbours.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/human.h"
#include "control/json_text.h"
#include "control/text_table.h"

namespace control::commands {

Reply show_neighbours(Facts& facts, const Call& call) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  TextTable table({{"interface"}, {"address"}, {"mac"}, {"state"}, {"confirmed_ago"}});
  for (const NeighbourFacts& neighbour : facts.neighbours()) {
    if (call.json) {
      list.push_back({{"interface", neighbour.interface},
                      {"address", neighbour.address.to_string()},
                      {"mac", neighbour.mac ? Json(neighbour.mac->to_string()) : Json(nullptr)},
                      {"state", neighbour.state},
                      {"confirmed_seconds_ago", neighbour.confirmed_seconds_ago}});
      continue;
    }
    // Static entries need no confirmation, and others have no address before it.
    const bool confirmed = neighbour.mac && neighbour.state != "static";
    table.add({neighbour.interface, neighbour.address.to_string(),
               neighbour.mac ? neighbour.mac->to_string() : "", neighbour.state,
               confirmed ? human_duration(neighbour.confirmed_seconds_ago) : ""});
  }
  return call.json ? json_text({{"neighbours", std::move(list)}}) : table.render();
}

}  // namespace control::commands
