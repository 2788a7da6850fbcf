// What runs, as the control thread holds it: facts are read from it, changes are made to it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "control/engine.h"
#include "control/orders.h"
#include "control/tally.h"

namespace control {

struct Running {
  conf::Config config;
  std::string config_file;
  Roster roster;
  // From the start on; in this order, since orders may still be under way at workers.
  std::optional<Orders> orders;
  std::optional<Tally> tally;
  std::unique_ptr<Engine> engine;

  uint64_t connections_of(uint32_t server_slot) const {
    const scheduler::ServerLoad load = engine->load(server_slot);
    return load.active + load.inactive;
  }
};

}  // namespace control
