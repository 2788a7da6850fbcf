#include "test/dataplane/support/simulation.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "test/dataplane/support/simulated_hosts.h"

namespace dataplane_test {

using namespace simulated;

namespace {

constexpr uint32_t kSteps = 40;

}  // namespace

Weather::Weather(Random& random)
    : swaps(random.chance(40)),
      shared_ports(random.chance(30)),
      masquerade(random.chance(50)),
      refusals(random.chance(40)),
      sleepers(random.chance(50)),
      flood(random.below(200) == 0),
      small(random.chance(25)),
      persistence(random.chance(30)),
      thresholds(random.chance(30)),
      twin(random.chance(40)),
      handovers(random.chance(20)) {}

Setup Simulation::setup(Random& random, const Weather& weather) {
  Setup setup;
  setup.workers = static_cast<dataplane::WorkerNumber>(1 + random.below(5));
  setup.capacity = weather.small ? 32 + random.below(64) : 1024;
  if (weather.twin) setup.twins = {"wan"};
  if (weather.masquerade) setup.masquerade = {{"10.2.0.0/24", "wan", 2000, 2999}};
  setup.links[kLan].mtu = static_cast<uint16_t>(random.chance(20) ? 600 : 1500);
  return setup;
}

std::vector<ServiceSetup> Simulation::random_services() {
  static constexpr const char* kSchedulers[] = {"rr", "wrr", "lc", "wlc"};
  static constexpr const char* kForwards[] = {"nat", "nat", "dr", "tunnel"};
  std::vector<ServiceSetup> services;
  for (uint32_t i = 0; i < 5; ++i) {
    const bool tcp = i % 2 == 0;
    const std::string port = fmt::format("{}", (tcp ? 80 : 53) + (weather_.shared_ports ? 0 : i));
    ServiceSetup& service = services.emplace_back();
    service.protocol = tcp ? "tcp" : "udp";
    service.address = fmt::format("10.1.0.{}:{}", 100 + i, port);
    service.scheduler = kSchedulers[random_.below(4)];
    const std::string forward = kForwards[random_.below(4)];
    const uint32_t first = random_.below(4), count = 1 + random_.below(4);
    for (uint32_t j = 0; j < count; ++j) {
      service.servers.push_back(
          {kServers[(first + j) % 4] + ":" + port, 1 + random_.below(5), forward});
    }
    if (weather_.persistence && random_.chance(50)) {
      service.persistence_timeout = 1 + random_.below(300);
      service.persistence_netmask = random_.chance(70) ? "255.255.255.255" : "255.255.255.254";
      service.expire_quiescent_template = random_.chance(50);
    }
    if (weather_.thresholds && random_.chance(50)) {
      for (ServerSetup& server : service.servers) {
        server.upper_threshold = 1 + random_.below(6);
        server.lower_threshold = random_.below(server.upper_threshold + 1);
      }
    }
  }
  return services;
}

Simulation::Simulation(uint64_t seed)
    : random_(seed), weather_(random_), world_(setup(random_, weather_)) {
  at_first_ = services_ = random_services();
  world_.apply(services_);
}

std::string Simulation::run() {
  for (; steps_ < kSteps && faults_.empty(); ++steps_) step();
  if (!faults_.empty()) return faults_;
  for (const OnTheWire& arriving : std::exchange(wire_, {})) {
    world_.io().put(arriving.link, arriving.frame);
  }
  for (const auto link : {kWan, kLan}) world_.io().set_transmit_limit(link, 0xffff);
  // What waits for other fragments is given up at once, what waits for a next hop soon.
  for (int i = 0; i < 10; ++i) world_.turn_quietly();
  world_.stall(31 * lb::kTicksPerSecond);
  for (int i = 0; i < 17; ++i) world_.turn_quietly();
  for (const SentFrame& sent : world_.io().take_sent()) look(sent);
  fault(world_.settle_and_audit());
  fault(audit_turns());
  return faults_;
}

void Simulation::fault(const std::string& text) {
  if (!text.empty()) faults_ += fmt::format("step {}: {}", steps_, text);
}

void Simulation::step() {
  // A server that came back while a worker is yet to cut its connections would lose new ones too.
  if (weather_.swaps && !world_.is_cutting()) {
    if (random_.below(16) == 0) swap_services();
    if (random_.below(20) == 0) cut_something();
  }
  if (weather_.handovers && random_.below(12) == 0) {
    world_.edit([](Setup& setup) { setup.standby = !setup.standby; });
  }
  if (weather_.twin) let_the_kernel();
  if (weather_.refusals && random_.below(8) == 0) {
    const uint16_t limit = random_.chance(40) ? static_cast<uint16_t>(random_.below(3)) : 0xffff;
    world_.io().set_transmit_limit(static_cast<dataplane::LinkNumber>(random_.below(2)), limit);
  }
  pass_time();
  choose_sleepers();
  if (weather_.flood && steps_ == kSteps / 2) flood();
  for (uint32_t packets = random_.below(7); packets > 0; --packets) make_something();
  deliver();
  world_.turn_only(choose_worker());
  for (const SentFrame& sent : world_.io().take_sent()) look(sent);
  fault(world_.audit_now());
  if (steps_ % 16 == 0) fault(world_.audit_tables());
}

void Simulation::swap_services() {
  ServiceSetup& service = random_.of(services_);
  const auto fresh = random_services();
  // The scheduler stays, so that turns can be counted.
  for (const ServiceSetup& other : fresh) {
    if (other.address != service.address) continue;
    service.servers = other.servers;
    service.persistence_timeout = other.persistence_timeout;
    service.persistence_netmask = other.persistence_netmask;
    service.expire_quiescent_template = other.expire_quiescent_template;
  }
  if (random_.chance(30)) random_.of(service.servers).weight = 0;
  std::vector<ServiceSetup> some = services_;
  if (random_.chance(30)) {
    // Deleted, and its connections go on or their packets have no service.
    const uint32_t which = random_.below(5);
    if (random_.chance(50)) {
      some.erase(some.begin() + which);
    } else {
      some[which].closed = true;
      some[which].servers.clear();
      some[which].scheduler = "rr";
    }
  }
  world_.apply(some);
}

// Servers go, and their connections with them. A flow of theirs then goes wherever it goes.
void Simulation::cut_something() {
  ServiceSetup& service = random_.of(services_);
  std::vector<std::string> servers;
  std::erase_if(service.servers, [&](const ServerSetup& server) {
    const bool gone = random_.chance(50);
    if (gone) servers.push_back(server.address);
    return gone;
  });
  world_.apply(services_);
  if (!world_.begin_cut(service.name(), servers)) std::abort();
  for (Flow& flow : flows_) {
    if (!flow.from_inside && flow.far == service.address) flow.closing = true;
  }
}

void Simulation::pass_time() {
  const uint32_t dice = random_.below(100);
  world_.stall(dice < 40   ? 0
               : dice < 90 ? random_.below(4)
               : dice < 98 ? random_.below(80 * lb::kTicksPerSecond)
                           : random_.below(400 * lb::kTicksPerSecond));
}

void Simulation::choose_sleepers() {
  for (uint32_t& steps : asleep_) steps -= steps > 0;
  if (!weather_.sleepers || random_.below(20) != 0) return;
  asleep_[random_.below(static_cast<uint32_t>(world_.workers()))] = random_.below(60);
}

dataplane::WorkerNumber Simulation::choose_worker() {
  const auto count = static_cast<uint32_t>(world_.workers());
  for (int tries = 0; tries < 8; ++tries) {
    const uint32_t worker = random_.below(count);
    if (asleep_[worker] == 0) return static_cast<dataplane::WorkerNumber>(worker);
  }
  return 0;
}

// One worker gets more from the wire than the rings to the others, who sleep, can hold.
void Simulation::flood() {
  const auto worker =
      static_cast<dataplane::WorkerNumber>(random_.below(static_cast<uint32_t>(world_.workers())));
  const uint32_t flows = static_cast<uint32_t>(flows_.size());
  if (flows == 0) return;
  for (uint32_t i = 0; i < 50; ++i) {
    for (uint32_t j = 0; j < 64; ++j) {
      const uint32_t index = random_.below(std::min(flows, 8u));
      send(flows_[index], index, true, "A");
    }
    for (const OnTheWire& arriving : std::exchange(wire_, {})) {
      world_.io().put(arriving.link, arriving.frame);
    }
    for (int turns = 0; turns < 4; ++turns) world_.turn_only(worker);
  }
}

// Mostly in order, into the queues of whoever takes the next turn.
void Simulation::deliver() {
  for (uint32_t count = random_.below(9); count > 0 && !wire_.empty(); --count) {
    const size_t which =
        random_.chance(25) ? random_.below(static_cast<uint32_t>(wire_.size())) : 0;
    world_.io().put(wire_[which].link, wire_[which].frame);
    wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(which));
  }
}

}  // namespace dataplane_test
