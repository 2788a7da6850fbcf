#include "test/control/live_bench.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "conf/write.h"
#include "control/vocabulary.h"

namespace control::test {

conf::Config LiveBench::load(const std::string& json) {
  auto config = conf::load(json, vocabulary());
  if (!config) FAIL(config.error()[0].to_string());
  return std::move(*config);
}

LiveBench::LiveBench(conf::Config config) {
  running.config = std::move(config);
  running.vips = running.config.vips;
  running.roster = enter_all(running.config);
  workers = std::make_unique<HeapWorkers>(running.config, running.roster);
  running.publisher = workers.get();
  running.orders.emplace(workers->workers());
  running.tally.emplace(Tally::Sources{[this](uint32_t slot) { return workers->traffic(slot); },
                                       [this](uint32_t slot) { return workers->refused(slot); }});
  running.now = [this] { return now_; };
}

void LiveBench::settle() {
  // A sweep takes several turns, and what has ended is seen by two looks.
  for (int i = 0; i < 4; ++i) {
    for (int turns = 0; turns < 8; ++turns) workers->turn();
    changes.watch();
  }
}

void LiveBench::pass(uint32_t seconds) {
  now_ += std::chrono::seconds(seconds);
  workers->pass(seconds);
  settle();
}

conf::Service* LiveBench::find(const std::string& name) {
  for (conf::Service& service : running.config.services) {
    if (service.name == name) return &service;
  }
  return nullptr;
}

const Roster::Server& LiveBench::member(const std::string& service,
                                        const std::string& server) const {
  for (const auto& [key, entry] : running.roster.services()) {
    if (entry.last.name != service) continue;
    const auto found = entry.servers.find(*lb::Endpoint::parse(server));
    if (found != entry.servers.end()) return found->second;
  }
  FAIL(service << " has no server " << server);
  std::abort();
}

std::string LiveBench::fingerprint() const {
  std::string text =
      fmt::format("{} {}", workers->publications(), conf::to_json(running.config).dump());
  for (const auto& [key, service] : running.roster.services()) {
    text += fmt::format("\n{} {} slot {} leaving {}", lb::to_string(key.protocol),
                        key.address.to_string(), service.slot, service.leaving);
    for (const auto& [address, server] : service.servers) {
      text += fmt::format(" {}={}/{}/{}", address.to_string(), server.slot, server.accepts,
                          server.leaving ? server.leaving->publication : 0);
    }
  }
  return text;
}

}  // namespace control::test
