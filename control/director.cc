#include "control/director.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "conf/keys.h"
#include "conf/write.h"
#include "control/attraction.h"
#include "control/health_facts.h"
#include "control/log.h"
#include "control/quorum.h"
#include "control/worker_explanation.h"

namespace control {

Director::Director(conf::Config config, std::string config_file,
                   std::vector<std::string> eal_arguments, health::Monitor& monitor)
    : eal_arguments_(std::move(eal_arguments)) {
  running_.monitor = &monitor;
  running_.config = std::move(config);
  running_.config_file = std::move(config_file);
}

std::expected<void, dataplane::StartError> Director::start() {
  running_.vips = running_.config.vips;
  running_.roster = enter_all(running_.config);
  changes_.begin();
  auto engine = Engine::start(running_.config, running_.roster, eal_arguments_);
  if (!engine) return std::unexpected(engine.error());
  running_.engine = std::move(*engine);
  running_.publisher = running_.engine.get();
  Engine& started = *running_.engine;
  running_.orders.emplace(started.workers());
  running_.tally.emplace(Tally::Sources{[&](uint32_t slot) { return started.traffic(slot); },
                                        [&](uint32_t slot) { return started.refused(slot); }});
  started_ = std::chrono::steady_clock::now();
  started_unix_ = std::time(nullptr);
  link_up_.assign(running_.config.interfaces.size(), std::nullopt);
  busy_.resize(running_.engine->workers().size());
  watch_links();
  watch_kernel();
  if (auto twins = start_twins(); !twins) return std::unexpected(twins.error());
  return {};
}

std::expected<void, std::string> Director::start_twins() {
  Engine& engine = *running_.engine;
  if (engine.kernel() == nullptr) return {};
  std::vector<lb::MacAddress> macs;
  for (size_t i = 0; i < running_.config.interfaces.size(); ++i) {
    macs.push_back(engine.ports_of(i).front()->mac());
  }
  auto twins = KernelTwins::start(running_.config, macs, *engine.kernel(), engine.senders());
  if (!twins) return std::unexpected(twins.error());
  twins_ = std::move(*twins);
  give_twins_addresses();
  return {};
}

void Director::watch_twins() {
  if (!twins_) return;
  twins_->watch();
  const uint64_t publications = running_.publisher->publications();
  if (std::exchange(followed_, publications) != publications) give_twins_addresses();
}

void Director::give_twins_addresses() {
  const conf::Config& config = running_.config;
  twins_->follow(config, attracting_vips(config.services, running_.roster, running_.vips));
}

std::chrono::milliseconds Director::watch() {
  log_events();
  changes_.watch();
  tell_quorums();
  watch_twins();
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_watch_) {
    next_watch_ += kWatchPeriod;
    // What was missed is not made good for.
    if (next_watch_ <= now) next_watch_ = now + kWatchPeriod;
    watch_slowly();
  }
  if (changes_.hurries()) return LiveChanges::kHurry;
  return std::chrono::ceil<std::chrono::milliseconds>(next_watch_ - now);
}

void Director::watch_slowly() {
  watch_links();
  watch_table();
  constexpr unsigned kWatchesPerTick =
      static_cast<unsigned>(kRateTickSeconds * 1000 / kWatchPeriod.count());
  if (++watches_ % kWatchesPerTick == 0) {
    tick_rates();
    watch_kernel();
  }
}

void Director::follow_health(const std::vector<health::Change>& changes) {
  changes_.follow_health(changes);
  tell_quorums();
}

void Director::tell_quorums() {
  for (const QuorumChange& change : changes_.take_quorum_changes()) {
    const conf::ServiceSettings& service = change.service;
    const std::string figures =
        fmt::format("live weight {}, quorum {}", change.weight, service.quorum);
    // A service without servers is no news, nor is one that begins well.
    const bool matters = service.health_check || service.sorry_server || service.quorum > 1;
    const bool was_lost = quorums_lost_.erase(service.derived_name()) > 0;
    if (!change.present && matters) {
      quorums_lost_.insert(service.derived_name());
      log::warning("{} has lost its quorum ({}){}", service.name, figures,
                   service.sorry_server ? fmt::format(": the sorry server {} serves",
                                                      service.sorry_server->address.to_string())
                                        : "");
    } else if (change.present && was_lost) {
      log::notice("{} has its quorum again ({})", service.name, figures);
    }
    if (quorum_told_) quorum_told_(change);
  }
}

// Drivers report no change of link by themselves; after one that came up, the neighbours may have
// forgotten us or be others.
void Director::watch_links() {
  for (size_t i = 0; i < link_up_.size(); ++i) {
    const auto& ports = running_.engine->ports_of(i);
    const bool up = std::all_of(ports.begin(), ports.end(),
                                [](const dataplane::Port* port) { return port->link_up(); });
    if (up == link_up_[i]) continue;
    if (up) {
      dataplane::Request announce{dataplane::Request::Kind::kAnnounce};
      announce.link = static_cast<uint16_t>(i);
      if (!running_.engine->workers().front()->control_request(announce))
        continue;  // the next watch tries again
      log::notice("interface {}: link is up", running_.config.interfaces[i].name);
    } else {
      log::warning("interface {}: link is down", running_.config.interfaces[i].name);
    }
    link_up_[i] = up;
  }
}

void Director::watch_table() {
  constexpr std::chrono::seconds kPause{60};
  uint64_t refused = 0;
  for (const dataplane::Worker* worker : running_.engine->workers()) {
    constexpr auto kFull = static_cast<size_t>(lb::DropReason::kTableFull);
    refused += worker->reader_counters().drops[kFull].reader_get();
  }
  const auto now = std::chrono::steady_clock::now();
  if (refused == refused_told_ || now < next_refused_told_) return;
  log::warning("the table of connections is full: no room for {} more; capacity is {}",
               refused - refused_told_, running_.config.connections.capacity);
  refused_told_ = refused;
  next_refused_told_ = now + kPause;
}

// What the kernel has as well, it answers for as well, on every wire that it is on.
void Director::watch_kernel() {
  const uint64_t publications = running_.publisher->publications();
  if (std::exchange(compared_, publications) == publications) return;
  const Snapshot& snapshot = running_.publisher->snapshot();
  const auto is_ours = [&](const lb::IpAddress& address) {
    return snapshot.own.contains(address.ipv4()) || snapshot.elsewhere.contains(address.ipv4());
  };
  const auto is_twin = [&](const std::string& device) {
    return std::ranges::any_of(running_.config.interfaces, [&](const conf::Interface& interface) {
      return interface.kernel_interface == device;
    });
  };
  for (KernelAddress& one : kernel_addresses()) {
    if (is_twin(one.device) || !is_ours(one.address)) continue;
    const auto [told, fresh] = kernels_told_.insert(std::move(one));
    if (!fresh) continue;
    log::warning(
        "the kernel has {0} on {1} and may answer for it in lbd's place: take it away, by "
        "\"ip address del {0} dev {1}\"",
        told->address.to_string(), told->device);
  }
}

void Director::log_events() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(told_, [&](const auto& entry) { return now - entry.second > kToldTwice; });
  for (dataplane::Worker* worker : running_.engine->workers()) {
    dataplane::Event event;
    while (worker->control_take_event(event)) {
      const std::string text = event_text(event, running_.config);
      if (event.kind == dataplane::Event::Kind::kAnswersForVip) {
        changes_.hear_of_vip(text);
        continue;
      }
      // Several workers may notice the same thing.
      if (!told_.try_emplace(text, now).second) continue;
      const bool harmless = event.kind == dataplane::Event::Kind::kNeighbourMoved;
      log::emit(harmless ? log::Level::kNotice : log::Level::kWarning, "{}", text);
    }
  }
}

void Director::tick_rates() {
  running_.tally->tick(running_.roster);
  for (size_t i = 0; i < busy_.size(); ++i) {
    const dataplane::WorkerCounters& counters = running_.engine->workers()[i]->reader_counters();
    busy_[i].tick(counters.busy_cycles.reader_get(), counters.total_cycles.reader_get());
  }
}

InfoFacts Director::info() {
  InfoFacts info;
  info.version = LBD_VERSION;
  info.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  info.started_unix = started_unix_;
  info.config_file = running_.config_file;
  info.pid = static_cast<uint32_t>(getpid());
  info.workers = static_cast<uint32_t>(running_.engine->workers().size());
  for (const dataplane::Worker* worker : running_.engine->workers()) {
    info.connection_entries += worker->reader_counters().connections.reader_get();
  }
  info.connection_capacity = running_.config.connections.capacity;
  info.mbufs_in_use = running_.engine->buffers().in_use();
  info.mbufs_total = running_.engine->buffers().total();
  info.vips = conf::to_string(running_.vips);
  info.client_holds_capacity = running_.engine->persistence().capacity();
  info.client_holds_displaced = running_.engine->persistence().displaced();
  return info;
}

ServerFacts Director::facts_of(const conf::Server& configured, uint32_t slot) const {
  ServerFacts facts =
      server_facts(configured, running_.engine->load(slot), running_.tally->totals(slot));
  facts.rates = running_.tally->rates(slot);
  return facts;
}

ServerFacts Director::facts_of(const conf::Server& configured, const Roster::Server& member) const {
  ServerFacts facts = facts_of(configured, member.slot);
  facts.health = health::to_string(member.health);
  return facts;
}

// All but its servers that stay.
ServiceFacts Director::facts_of(const conf::ServiceSettings& configured,
                                const Roster::Service& entry) const {
  ServiceFacts facts = service_facts(configured, running_.tally->refused(entry.slot));
  facts.totals = entry.departed;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [address, server] : entry.servers) {
    if (!server.leaving) continue;
    ServerFacts& leaving = facts.leaving.emplace_back(facts_of(server.leaving->last, server.slot));
    if (server.leaving->deadline) {
      const std::chrono::duration<double> left = *server.leaving->deadline - now;
      leaving.deadline_seconds = std::max(0.0, left.count());
    }
    facts.totals += leaving.totals;
    facts.rates += leaving.rates;
  }
  std::ranges::sort(facts.leaving, {}, &ServerFacts::address);
  return facts;
}

std::vector<ServiceFacts> Director::services() {
  std::vector<ServiceFacts> result;
  for (const conf::Service& configured : running_.config.services) {
    const Roster::Service& entry = *running_.roster.find(key_of(configured));
    ServiceFacts& facts = result.emplace_back(facts_of(configured, entry));
    entry.visit(configured, [&](const conf::Server& server, const Roster::Server& member) {
      const ServerFacts& added = facts.servers.emplace_back(facts_of(server, member));
      facts.totals += added.totals;
      facts.rates += added.rates;
    });
    facts.quorum = entry.quorum.value_or(true);
    facts.sorry_server_serves = sorry_server_serves(configured, entry);
    if (configured.sorry_server) {
      const Roster::Server& member = entry.servers.at(configured.sorry_server->address);
      facts.sorry_server = facts_of(*configured.sorry_server, member);
      facts.totals += facts.sorry_server->totals;
      facts.rates += facts.sorry_server->rates;
    }
  }
  count_persistent_clients(running_.engine->persistence(), running_.engine->now(), running_.roster,
                           result);
  return result;
}

std::vector<ServiceFacts> Director::leaving_services() {
  std::vector<ServiceFacts> result;
  for (const auto& [key, entry] : running_.roster.services()) {
    if (!entry.leaving) continue;
    result.push_back(facts_of(entry.last, entry));
    result.back().deleted = true;
  }
  return result;
}

std::vector<InterfaceFacts> Director::interfaces() {
  std::vector<InterfaceFacts> result;
  for (size_t i = 0; i < running_.config.interfaces.size(); ++i) {
    const conf::Interface& configured = running_.config.interfaces[i];
    InterfaceFacts& facts = result.emplace_back();
    facts.name = configured.name;
    facts.devices = configured.devices;
    facts.mac = running_.engine->ports_of(i).front()->mac();
    facts.addresses = configured.addresses;
    facts.mtu = configured.mtu;
    facts.link_up = link_up_[i].value_or(false);
    if (twins_ && configured.kernel_interface) {
      const TwinCounters counters = twins_->counters(i);
      facts.kernel_interface = configured.kernel_interface;
      facts.to_kernel = counters.to_kernel;
      facts.from_kernel = counters.from_kernel;
      facts.kernel_dropped = counters.dropped + running_.engine->kernel_dropped(i);
    }
    for (const dataplane::Port* port : running_.engine->ports_of(i)) {
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
  for (size_t i = 0; i < running_.engine->workers().size(); ++i) {
    WorkerFacts& facts =
        result.emplace_back(worker_facts(running_.engine->workers()[i]->reader_counters()));
    facts.lcore = running_.engine->lcore(i);
    facts.busy = busy_[i].ratio();
    facts.steering = std::string(running_.engine->steering());
  }
  return result;
}

std::vector<DropFacts> Director::drops() {
  std::vector<DropFacts> result = drop_facts(running_.engine->workers());
  if (!twins_) return result;
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    result[i].count += twins_->drops(static_cast<lb::DropReason>(i));
  }
  return result;
}

TimeoutFacts Director::timeouts() { return timeout_facts(running_.config.timeouts); }

HealthFacts Director::health() { return health_facts(running_); }

nlohmann::json Director::config() { return conf::to_json(running_.config); }

std::vector<NeighbourFacts> Director::neighbours() {
  return neighbour_facts(running_.engine->workers(), running_.config, patient_wait);
}

std::expected<ConnectionPage, std::string> Director::connections(const ConnectionQuery& query) {
  return connection_facts(running_.engine->workers(), running_.engine->persistence(),
                          running_.config, running_.roster, query, patient_wait);
}

std::expected<Explanation, std::string> Director::explain(const ExplainQuery& query) {
  const Engine& engine = *running_.engine;
  auto explanation = control::explain({engine.workers(), engine.snapshot(), running_.config,
                                       running_.roster, engine.loads(), engine.limits()},
                                      query, patient_wait);
  if (explanation) explanation->lcore = engine.lcore(explanation->worker);
  return explanation;
}

}  // namespace control
