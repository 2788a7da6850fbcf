#include "tools/bench/reconfiguring.h"

#include <rte_pause.h>

#include <atomic>
#include <cmath>

namespace bench {
namespace {

lb::Endpoint endpoint_of(const End& end) { return {lb::IpAddress(end.address), end.port.value()}; }

// What a file would say of the world's first service.
conf::Service service_of(const World& world) {
  const auto& running = *world.publication().current().services[0];
  const WorldConfig& config = world.config();
  conf::Service service;
  service.protocol = config.protocol;
  service.address = endpoint_of(running.end);
  service.name = service.derived_name();
  service.scheduler = config.scheduler;
  service.forward = config.method;
  for (const auto& server : running.servers) {
    service.servers.push_back({.address = endpoint_of(server.end),
                               .weight = World::weight_of(server.slot),
                               .forward = config.method,
                               .forward_options = {},
                               .health_check = {}});
  }
  return service;
}

uint64_t cycles_of(double seconds) {
  return static_cast<uint64_t>(seconds * static_cast<double>(rte_get_tsc_hz()));
}

}  // namespace

// Weights alone change: nothing ever leaves or is new, so orders and tally are never asked.
ControlledService::ControlledService(World& world)
    : world_(world), first_(world.publication().current().services[0]) {
  running_.config.services.push_back(service_of(world));
  running_.roster = control::enter_all(running_.config);
  running_.publisher = this;
}

uint64_t ControlledService::publish(std::unique_ptr<const control::Snapshot> next) {
  world_.publication().publish(std::move(next));
  return ++publications_;
}

uint64_t ControlledService::settled() { return publications_ - world_.publication().collect(); }

scheduler::ServerLoad ControlledService::load(uint32_t server_slot) const {
  return world_.load(server_slot);
}

void ControlledService::change_weight() {
  const conf::Service& service = running_.config.services[0];
  const auto give_another = [&](conf::Service& edited) -> control::Change {
    conf::Server& server = edited.servers[next_];
    server.weight = server.weight % 10 + 1;
    return {};
  };
  const auto changed = changes_.edit_service(control::key_of(service), give_another, {});
  if (!changed) throw Failure("a weight could not be changed: " + changed.error().text);
  next_ = (next_ + 1) % service.servers.size();
}

void ControlledService::require_published() const {
  const auto& now = *snapshot().services[0];
  if (&now == first_.get()) throw Failure("no change was published");
  if (now.servers.size() != first_->servers.size()) throw Failure("a change lost a server");
  for (size_t i = 0; i < now.servers.size(); ++i) {
    const auto& server = now.servers[i];
    const auto& before = first_->servers[i];
    if (server.end != before.end || server.slot != before.slot || server.method != before.method ||
        !server.accepts) {
      throw Failure("a change of a weight changed a server");
    }
  }
}

Reconfigured::Reconfigured(std::shared_ptr<KnownFlows> flows, uint32_t changes_a_second, Team& team,
                           Ring& ring)
    : flows_(std::move(flows)),
      packets_(flows_, Towards::kServer, ring),
      service_(flows_->world()),
      changes_a_second_(changes_a_second),
      team_(team) {}

double Reconfigured::change_all() {
  const uint64_t begin = rte_rdtsc();
  for (uint32_t i = 0; i < kChanges; ++i) {
    service_.change_weight();
    const uint64_t due = begin + cycles_of(double(i + 1) / changes_a_second_);
    while (rte_rdtsc() < due) rte_pause();
  }
  return nanoseconds(rte_rdtsc() - begin) / 1e9;
}

// In the end it takes what it gets, so that a machine that is never calm ends too.
double Reconfigured::sample() {
  constexpr int kTries = 10;
  constexpr double kLate = 1.1;
  flows_->world().follow_clock();
  packets_.pass();
  double result = 0;
  double seconds = kSeconds * 2 * kLate;
  for (int i = 0; i < kTries && seconds > kLate * kSeconds; ++i) {
    result = packets_while_changing(seconds);
  }
  ++samples_;
  seconds_ += seconds;
  return result;
}

std::string Reconfigured::remark() const {
  if (changes_a_second_ == 0) return {};
  return std::to_string(std::lround(samples_ * kChanges / seconds_)) + " changes a second";
}

double Reconfigured::packets_while_changing(double& seconds) {
  const bool changes = changes_a_second_ > 0;
  std::atomic<bool> all_changed = false;
  uint64_t cycles = 0;
  uint64_t passes = 0;
  seconds = 0;
  team_.run(changes ? 2 : 1, [&](dataplane::WorkerNumber thread) {
    if (thread == 1) {
      seconds = change_all();
      all_changed.store(true, std::memory_order_release);
      return;
    }
    const uint64_t end = rte_rdtsc() + cycles_of(kSeconds);
    while (changes ? !all_changed.load(std::memory_order_acquire) : rte_rdtsc() < end) {
      cycles += packets_.pass();
      ++passes;
    }
  });
  if (changes) service_.require_published();
  return nanoseconds(cycles) / static_cast<double>(passes * packets_.packets());
}

Change::Change(const WorldConfig& config, uint16_t burst)
    : world_(config, burst), service_(world_) {}

double Change::sample() {
  constexpr uint32_t kChanges = 4;
  const uint64_t cycles = time_of([&] {
    for (uint32_t i = 0; i < kChanges; ++i) {
      service_.change_weight();
      world_.idle();
    }
  });
  service_.require_published();
  return nanoseconds(cycles) / kChanges;
}

}  // namespace bench
