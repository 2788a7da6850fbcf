#include "control/director.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "conf/write.h"
#include "control/log.h"
#include "control/worker_facts.h"

namespace control {

Director::Director(conf::Config config, std::string config_file,
                   std::vector<std::string> eal_arguments)
    : config_(std::move(config)),
      config_file_(std::move(config_file)),
      eal_arguments_(std::move(eal_arguments)) {}

std::expected<void, std::string> Director::start() {
  auto engine = Engine::start(config_, eal_arguments_);
  if (!engine) return std::unexpected(engine.error());
  engine_ = std::move(*engine);
  started_ = std::chrono::steady_clock::now();
  started_unix_ = std::time(nullptr);
  link_up_.assign(config_.interfaces.size(), false);
  size_t servers = 0;
  for (const auto& slots : engine_->slots().servers) servers += slots.size();
  rates_.resize(servers);
  busy_.resize(engine_->workers().size());
  watch_links();
  return {};
}

void Director::watch() {
  watch_links();
  log_events();
  constexpr unsigned kWatchesPerTick =
      static_cast<unsigned>(kRateTickSeconds * 1000 / kWatchPeriod.count());
  if (++watches_ % kWatchesPerTick == 0) tick_rates();
}

// Drivers report no change of link by themselves; after one that came up, the neighbours may have
// forgotten us or be others.
void Director::watch_links() {
  for (size_t i = 0; i < link_up_.size(); ++i) {
    const auto& ports = engine_->ports_of(i);
    const bool up = std::all_of(ports.begin(), ports.end(),
                                [](const dataplane::Port* port) { return port->link_up(); });
    if (up == link_up_[i]) continue;
    if (up) {
      dataplane::Request announce{dataplane::Request::Kind::kAnnounce};
      announce.link = static_cast<uint16_t>(i);
      if (!engine_->workers().front()->control_request(announce))
        continue;  // the next watch tries again
      log::notice("interface {}: link is up", config_.interfaces[i].name);
    } else {
      log::warning("interface {}: link is down", config_.interfaces[i].name);
    }
    link_up_[i] = up;
  }
}

void Director::log_events() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(told_, [&](const auto& entry) { return now - entry.second > kToldTwice; });
  for (dataplane::Worker* worker : engine_->workers()) {
    dataplane::Event event;
    while (worker->control_take_event(event)) {
      const std::string text = event_text(event, config_);
      // Several workers may notice the same thing.
      if (!told_.try_emplace(text, now).second) continue;
      const bool harmless = event.kind == dataplane::Event::Kind::kNeighbourMoved;
      log::emit(harmless ? log::Level::kNotice : log::Level::kWarning, "{}", text);
    }
  }
}

void Director::tick_rates() {
  for (uint32_t slot = 0; slot < rates_.size(); ++slot) rates_[slot].tick(engine_->traffic(slot));
  for (size_t i = 0; i < busy_.size(); ++i) {
    const dataplane::WorkerCounters& counters = engine_->workers()[i]->reader_counters();
    busy_[i].tick(counters.busy_cycles.reader_get(), counters.total_cycles.reader_get());
  }
}

InfoFacts Director::info() {
  InfoFacts info;
  info.version = LBD_VERSION;
  info.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  info.started_unix = started_unix_;
  info.config_file = config_file_;
  info.pid = static_cast<uint32_t>(getpid());
  info.workers = static_cast<uint32_t>(engine_->workers().size());
  for (const dataplane::Worker* worker : engine_->workers()) {
    info.connection_entries += worker->reader_counters().connections.reader_get();
  }
  info.connection_capacity = config_.connections.capacity;
  info.mbufs_in_use = engine_->buffers().in_use();
  info.mbufs_total = engine_->buffers().total();
  info.client_holds_capacity = engine_->persistence().capacity();
  info.client_holds_displaced = engine_->persistence().displaced();
  return info;
}

std::vector<ServiceFacts> Director::services() {
  std::vector<ServiceFacts> result;
  for (size_t i = 0; i < config_.services.size(); ++i) {
    const conf::Service& configured = config_.services[i];
    ServiceFacts& facts = result.emplace_back(
        service_facts(configured, engine_->refused(engine_->slots().services[i])));
    for (size_t j = 0; j < configured.servers.size(); ++j) {
      const uint32_t slot = engine_->slots().servers[i][j];
      facts.servers.push_back(
          server_facts(configured.servers[j], engine_->load(slot), engine_->traffic(slot)));
      facts.servers.back().rates = rates_[slot].rates();
      facts.totals += facts.servers.back().totals;
      facts.rates += facts.servers.back().rates;
    }
  }
  count_persistent_clients(engine_->persistence(), engine_->now(), engine_->slots(), result);
  return result;
}

std::vector<InterfaceFacts> Director::interfaces() {
  std::vector<InterfaceFacts> result;
  for (size_t i = 0; i < config_.interfaces.size(); ++i) {
    const conf::Interface& configured = config_.interfaces[i];
    InterfaceFacts& facts = result.emplace_back();
    facts.name = configured.name;
    facts.devices = configured.devices;
    facts.mac = engine_->ports_of(i).front()->mac();
    facts.addresses = configured.addresses;
    facts.mtu = configured.mtu;
    facts.link_up = link_up_[i];
    for (const dataplane::Port* port : engine_->ports_of(i)) {
      const dataplane::PortCounters counters = port->counters();
      facts.rx_packets += counters.rx_packets;
      facts.rx_bytes += counters.rx_bytes;
      facts.rx_missed += counters.rx_missed;
      facts.rx_errors += counters.rx_errors;
      facts.rx_no_mbuf += counters.rx_no_mbuf;
      facts.tx_packets += counters.tx_packets;
      facts.tx_bytes += counters.tx_bytes;
      facts.tx_errors += counters.tx_errors;
    }
  }
  return result;
}

std::vector<WorkerFacts> Director::workers() {
  std::vector<WorkerFacts> result;
  for (size_t i = 0; i < engine_->workers().size(); ++i) {
    WorkerFacts& facts =
        result.emplace_back(worker_facts(engine_->workers()[i]->reader_counters()));
    facts.lcore = engine_->lcore(i);
    facts.busy = busy_[i].ratio();
    facts.steering = std::string(engine_->steering());
  }
  return result;
}

std::vector<DropFacts> Director::drops() { return drop_facts(engine_->workers()); }

TimeoutFacts Director::timeouts() { return timeout_facts(config_.timeouts); }

nlohmann::json Director::config() { return conf::to_json(config_); }

std::vector<NeighbourFacts> Director::neighbours() {
  return neighbour_facts(engine_->workers(), config_, patient_wait);
}

std::expected<ConnectionPage, std::string> Director::connections(const ConnectionQuery& query) {
  return connection_facts(engine_->workers(), engine_->persistence(), config_, engine_->slots(),
                          query, patient_wait);
}

}  // namespace control
