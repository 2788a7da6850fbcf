// What runs, as the control thread holds it: facts are read from it, changes are made to it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/engine.h"
#include "control/health/monitor.h"
#include "control/orders.h"
#include "control/tally.h"

namespace control {

struct Running {
  conf::Config config;
  std::string config_file;
  std::optional<ReloadFacts> last_reload;
  conf::Vips vips = conf::Vips::kActive;  // now, whatever the file said at start
  Roster roster;
  // From the start on; in this order, since orders may still be under way at workers.
  std::optional<Orders> orders;
  std::optional<Tally> tally;
  std::unique_ptr<Engine> engine;
  Publisher* publisher = nullptr;      // the engine, once it has started
  health::Monitor* monitor = nullptr;  // null: no server's health is known
  // Asks for a watch soon, because something is under way (LiveChanges::hurries).
  std::function<void()> hurry = [] {};
  std::function<Roster::Time()> now = std::chrono::steady_clock::now;

  uint64_t connections_of(uint32_t server_slot) const {
    const scheduler::ServerLoad load = publisher->load(server_slot);
    return load.active + load.inactive;
  }
};

}  // namespace control
