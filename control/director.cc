#include "control/director.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "control/attraction.h"
#include "control/kernel_ports.h"
#include "control/log.h"

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
  for (size_t i = 0; i < link_up_.size(); ++i) twins_->follow_link(i, link_up_[i].value_or(true));
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
  watch_devices();
  watch_links();
  watch_table();
  constexpr unsigned kWatchesPerTick =
      static_cast<unsigned>(kRateTickSeconds * 1000 / kWatchPeriod.count());
  if (++watches_ % kWatchesPerTick == 0) {
    tick_rates();
    watch_kernel();
    if (twins_) twins_->watch_closely();
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
    Roster::Service* entry = running_.roster.find(ServiceKey{service.protocol, service.address});
    if (entry == nullptr) continue;
    const bool was_lost = std::exchange(entry->loss_told, false);
    if (!change.present && matters) {
      entry->loss_told = true;
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

// A device that is lost does not come back by itself, nor does its NIC take frames for an address
// that is another's by now.
void Director::watch_devices() {
  const auto& interfaces = running_.config.interfaces;
  for (size_t i = 0; i < interfaces.size() && !lost_device_; ++i) {
    const auto& ports = running_.engine->ports_of(i);
    for (size_t at = 0; at < ports.size(); ++at) {
      const dataplane::Port& port = *ports[at];
      if (const auto why = port.why_lost()) {
        log::error("interface {}: device \"{}\" is lost, {}: ending", interfaces[i].name,
                   interfaces[i].devices[at], *why);
        lost_device_ = true;
        return;
      }
      const std::optional<lb::MacAddress> changed = port.changed_mac();
      if (std::exchange(macs_told_[&port], changed) == changed || !changed) continue;
      log::error(
          "interface {}: device \"{}\" has the MAC address {} now, and lbd goes on with {}: "
          "what is sent to it may be lost. Change it back, or restart lbd",
          interfaces[i].name, interfaces[i].devices[at], changed->to_string(),
          port.mac().to_string());
    }
  }
}

// Drivers report no change of link by themselves; after one that came up, the neighbours may have
// forgotten us or be others, and those behind other links may hold to a director that has the VIPs
// no more.
void Director::watch_links() {
  for (size_t i = 0; i < link_up_.size(); ++i) {
    const auto& ports = running_.engine->ports_of(i);
    const bool up = std::all_of(ports.begin(), ports.end(),
                                [](const dataplane::Port* port) { return port->link_up(); });
    if (up == link_up_[i]) continue;
    if (up) {
      changes_.announce();
      log::notice("interface {}: link is up", running_.config.interfaces[i].name);
    } else {
      log::warning("interface {}: link is down", running_.config.interfaces[i].name);
    }
    link_up_[i] = up;
    if (twins_) twins_->follow_link(i, up);
  }
}

void Director::watch_table() {
  constexpr std::chrono::seconds kPause{60};
  const FullTable full = full_table();
  const auto now = std::chrono::steady_clock::now();
  if (full == full_told_ || now < next_full_told_) return;
  const uint64_t refused = full.refused - full_told_.refused;
  log::warning(
      "the table of connections is full: {}{} that were closing or only begun gave way{}; capacity "
      "is {}",
      refused == 0 ? "" : fmt::format("no room for {} more, ", refused),
      full.reclaimed - full_told_.reclaimed, refused == 0 ? " to new ones" : "",
      running_.config.connections.capacity);
  full_told_ = full;
  next_full_told_ = now + kPause;
}

Director::FullTable Director::full_table() const {
  FullTable full;
  for (const dataplane::Worker* worker : running_.engine->workers()) {
    const dataplane::WorkerCounters& counters = worker->reader_counters();
    full.refused += counters.drops[static_cast<size_t>(lb::DropReason::kTableFull)].reader_get();
    full.reclaimed += counters.reclaimed.reader_get();
  }
  return full;
}

// What the kernel has as well, it answers for as well, on every wire that it is on.
void Director::watch_kernel() {
  const uint64_t publications = running_.publisher->publications();
  if (compared_ == publications) return;
  auto there = kernel_addresses();
  if (!there) return;
  compared_ = publications;
  for (std::string& line : ports_taken_from_kernel(running_.config)) {
    const auto [told, fresh] = ports_told_.insert(std::move(line));
    if (fresh) log::warning("{}", *told);
  }
  const Snapshot& snapshot = running_.publisher->snapshot();
  const auto is_ours = [&](const lb::IpAddress& address) {
    return snapshot.own.contains(address.ipv4()) || snapshot.elsewhere.contains(address.ipv4());
  };
  const auto is_twin = [&](const std::string& device) {
    return std::ranges::any_of(running_.config.interfaces, [&](const conf::Interface& interface) {
      return interface.kernel_interface == device;
    });
  };
  for (KernelAddress& one : *there) {
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
  uint64_t unreported = 0;
  for (dataplane::Worker* worker : running_.engine->workers()) {
    dataplane::Event event;
    while (worker->control_take_event(event)) {
      if (event.kind == dataplane::Event::Kind::kAnswersForVip) {
        changes_.hear_of_vip(event_text(event, running_.config));
      } else {
        events_.take(event, running_.config, now);
      }
    }
    unreported += worker->reader_counters().events_unreported.reader_get();
  }
  events_.step(unreported, now);
}

bool Director::workers_live() {
  bool all = true;
  turned_until_.resize(running_.engine->workers().size());
  for (size_t i = 0; i < turned_until_.size(); ++i) {
    const uint64_t now = running_.engine->workers()[i]->reader_counters().total_cycles.reader_get();
    all = all && now != turned_until_[i];
    turned_until_[i] = now;
  }
  return all;
}

void Director::tick_rates() {
  running_.tally->tick(running_.roster);
  const std::vector<DropFacts> dropped = drops();
  for (size_t i = 0; i < dropped.size(); ++i) drop_rates_[i].tick(dropped[i].count);
  for (size_t i = 0; i < busy_.size(); ++i) {
    const dataplane::WorkerCounters& counters = running_.engine->workers()[i]->reader_counters();
    busy_[i].tick(counters.busy_cycles.reader_get(), counters.total_cycles.reader_get());
  }
}

}  // namespace control
