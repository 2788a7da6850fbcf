// Whatever is changed, in whatever order: what runs is what a fresh start from the running
// configuration would be, what is refused has changed nothing, and nothing that is deleted stays
// for longer than its connections. Each history follows from a number; LBD_SEED=17 plays one alone,
// and LBD_SEED=1-2000 these.
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "conf/load.h"
#include "conf/write.h"
#include "control/vocabulary.h"
#include "dataplane/methods.h"
#include "test/control/live_bench.h"
#include "test/random.h"

namespace control {
namespace {

using lb::V4;
using shared_test::Random;
using test::LiveBench;

constexpr uint64_t kSeeds = 40;
constexpr int kSteps = 60;

class LiveHistory {
 public:
  explicit LiveHistory(uint64_t seed)
      : random_(seed), bench_("{" + std::string(test::kTwoArms) + "}") {}

  // Nothing when all was well.
  std::string run() {
    for (step_ = 0; step_ < kSteps && faults_.empty(); ++step_) {
      change_something();
      look_around();
    }
    if (faults_.empty()) end_all();
    return faults_;
  }

 private:
  void fault(const std::string& text) { faults_ += fmt::format("step {}: {}; ", step_, text); }
  conf::Config& config() { return bench_.running.config; }
  Farewell farewell() {
    switch (random_.below(4)) {
      case 0:
        return {Farewell::Kind::kCut, {}};
      case 1:
        return {Farewell::Kind::kDrain, random_.below(30)};
      default:
        return {};
    }
  }
  ServiceKey some_key() {
    if (config().services.empty() || random_.chance(10)) {
      return {lb::Protocol::kTcp, *lb::Endpoint::parse("10.1.0.99:9")};
    }
    return key_of(random_.of(config().services));
  }

  conf::Server server() {
    conf::Server result;
    result.address = *lb::Endpoint::parse(
        fmt::format("10.2.0.1{}:{}", 1 + random_.below(4), random_.chance(80) ? 80 : 8080));
    result.weight = random_.below(4);
    result.state = static_cast<conf::ServerState>(random_.chance(70) ? 0 : random_.below(3));
    result.forward = random_.chance(60) ? "nat" : random_.chance(50) ? "dr" : "tunnel";
    if (random_.chance(5)) result.lower_threshold = 7;                              // wrong
    if (random_.chance(3)) result.address = *lb::Endpoint::parse("10.1.0.101:80");  // a VIP
    if (random_.chance(3)) result.address = *lb::Endpoint::parse("172.16.0.1:80");  // nowhere
    return result;
  }
  conf::Service service() {
    conf::Service result;
    result.protocol = random_.chance(60) ? lb::Protocol::kTcp : lb::Protocol::kUdp;
    result.address = *lb::Endpoint::parse(
        fmt::format("10.1.0.10{}:{}", random_.below(3), random_.chance(80) ? 80 : 81));
    if (random_.chance(3)) result.address = *lb::Endpoint::parse("10.2.0.11:80");  // a server
    result.name = random_.chance(70) ? result.derived_name() : fmt::format("n{}", random_.below(4));
    result.scheduler = scheduler();
    result.servers.resize(random_.below(5));
    for (conf::Server& one : result.servers) one = server();
    return result;
  }
  std::string scheduler() {
    static constexpr const char* kNames[] = {"rr", "wrr", "lc", "wlc", "sed"};
    return kNames[random_.below(5)];
  }

  // --- changes

  void change_something() {
    const std::string before = bench_.fingerprint();
    const uint32_t dice = random_.below(100);
    std::optional<Change> change;
    if (dice < 15) {
      change = bench_.changes.add_service(service());
    } else if (dice < 22) {
      change = bench_.changes.delete_service(some_key(), farewell());
    } else if (dice < 45) {
      change = edit();
    } else if (dice < 57) {
      change = replace();
    } else if (dice < 60) {
      change = bench_.changes.clear_counters(some_key());
    } else if (dice < 63) {
      conf::Timeouts timeouts;
      timeouts.tcp = 100 + random_.below(900);
      change = bench_.changes.set_timeouts(timeouts);
    } else if (dice < 90) {
      for (uint32_t packets = random_.below(8); packets > 0; --packets) traffic();
    } else if (dice < 95) {
      bench_.settle();
    } else {
      bench_.pass(random_.below(random_.chance(20) ? 1000 : 20));
    }
    if (!change) return;
    if (*change) {
      ++done_;
    } else {
      ++refused_;
      if (bench_.fingerprint() != before)
        fault("what was refused changed: " + change->error().text);
    }
    if (random_.chance(30)) bench_.settle();
  }

  Change edit() {
    return bench_.changes.edit_service(
        some_key(),
        [&](conf::Service& edited) -> Change {
          alter(edited);
          if (random_.chance(5)) {
            return std::unexpected(Refusal{Refusal::Kind::kNoSuchServer, "on second thoughts"});
          }
          return {};
        },
        farewell());
  }

  void alter(conf::Service& edited) {
    auto& servers = edited.servers;
    switch (random_.below(8)) {
      case 0:
      case 1:
        servers.push_back(server());
        break;
      case 2:
        if (!servers.empty()) {
          servers.erase(servers.begin() + random_.below(static_cast<uint32_t>(servers.size())));
        }
        break;
      case 3:
        if (!servers.empty()) random_.of(servers).weight = random_.below(3);
        break;
      case 4:
        if (!servers.empty()) {
          random_.of(servers).state = static_cast<conf::ServerState>(random_.below(3));
        }
        break;
      case 5:
        std::reverse(servers.begin(), servers.end());
        break;
      case 6:
        edited.scheduler = scheduler();
        break;
      case 7:
        edited.name = fmt::format("n{}", random_.below(4));
        break;
    }
  }

  Change replace() {
    conf::Config wanted = config();
    for (uint32_t times = 1 + random_.below(4); times > 0; --times) {
      switch (random_.below(10)) {
        case 0:
        case 1:
        case 2:
          wanted.services.push_back(service());
          break;
        case 3:
          if (!wanted.services.empty()) wanted.services.pop_back();
          break;
        case 4:
          if (!wanted.services.empty()) alter(random_.of(wanted.services));
          break;
        case 5:
          std::reverse(wanted.services.begin(), wanted.services.end());
          break;
        case 6:
          wanted.routes.clear();
          if (random_.chance(70)) {
            wanted.routes.push_back(
                {*lb::Prefix::parse("0.0.0.0/0"),
                 *lb::IpAddress::parse(random_.chance(50) ? "10.1.0.254" : "10.2.0.254")});
          }
          break;
        case 7:
          wanted.masquerade.clear();
          if (random_.chance(70)) {
            wanted.masquerade.push_back({*lb::Prefix::parse("10.2.0.0/24"), "wan", 2000, 2999});
          }
          break;
        case 8:
          wanted.interfaces[1].addresses = {
              *lb::Prefix::parse(random_.chance(50) ? "10.2.0.1/24" : "10.2.0.2/24")};
          if (random_.chance(50)) {
            wanted.interfaces[1].neighbours.resize(1 + random_.below(3),
                                                   wanted.interfaces[1].neighbours[0]);
          }
          break;
        case 9:
          if (random_.chance(30)) wanted.connections.capacity = 4711;  // needs a restart
          break;
      }
    }
    return bench_.changes.replace(std::move(wanted), farewell());
  }

  // --- packets

  void traffic() {
    const std::string client = fmt::format("10.1.0.10:{}", 1000 + random_.below(30));
    const std::string vip =
        fmt::format("10.1.0.10{}:{}", random_.below(3), random_.chance(80) ? 80 : 81);
    const std::string from = fmt::format("10.2.0.1{}:80", 1 + random_.below(3));
    switch (random_.below(5)) {
      case 0:
        return bench_.workers->receive(0, dataplane_test::udp(client, vip));
      case 1:
        return bench_.workers->receive(0, dataplane_test::tcp(client, vip).flags("S"));
      case 2:
        return bench_.workers->receive(0, dataplane_test::tcp(client, vip).flags("A"));
      case 3:
        return bench_.workers->receive(1, dataplane_test::tcp(from, client).flags("SA"));
      case 4:
        return bench_.workers->receive(1, dataplane_test::tcp(from, "10.1.0.10:443").flags("S"));
    }
  }

  // --- what must hold

  void look_around() {
    look_at_roster();
    auto fresh_config = conf::load(conf::to_json(config()).dump(), vocabulary());
    if (!fresh_config) return fault("show config does not load");
    if (*fresh_config != config()) fault("show config loads to something else");
    const Roster fresh_roster = enter_all(*fresh_config);
    const auto fresh = build_snapshot(*fresh_config, fresh_roster, bench_.workers->snapshot().links,
                                      bench_.workers->key());
    compare(*fresh, bench_.workers->snapshot());
    if (!bench_.workers->faults().empty()) fault(bench_.workers->faults());
  }

  void look_at_roster() {
    const Roster& roster = bench_.running.roster;
    std::set<uint32_t> services, servers;
    for (const auto& [key, entry] : roster.services()) {
      if (!services.insert(entry.slot).second) fault("two services have one slot");
      if (roster.at(entry.slot) != &entry) fault("a service is not found by its slot");
      for (const auto& [address, member] : entry.servers) {
        if (!servers.insert(member.slot).second) fault("two servers have one slot");
        if (entry.leaving && !member.leaving) fault("a server outlives its service");
      }
    }
    for (const conf::Service& one : config().services) {
      const Roster::Service* entry = roster.find(key_of(one));
      if (entry == nullptr || entry->leaving) fault("a service is not in the roster");
      for (const conf::Server& member : one.servers) {
        const auto found = entry->servers.find(member.address);
        if (found == entry->servers.end() || found->second.leaving) {
          fault("a server is not in the roster");
        }
      }
    }
  }

  void compare(const Snapshot& fresh, const Snapshot& live) {
    std::set<uint32_t> known;
    for (const auto& [key, entry] : bench_.running.roster.services()) {
      const lb::End<V4> end = lb::End<V4>::from(key.address);
      const auto live_slot = live.endpoints.find(end, key.protocol);
      if (live_slot != entry.slot) fault("an endpoint leads to another slot");
      known.insert(entry.slot);
      const auto* running = live.services.at(entry.slot).get();
      if (running == nullptr) {
        fault("a service is in no snapshot");
        continue;
      }
      const auto fresh_slot = fresh.endpoints.find(end, key.protocol);
      if (fresh_slot.has_value() == running->closed)
        fault("a service is open that should be closed");
      if (fresh_slot) compare(*fresh.services.at(*fresh_slot), *running, entry);
    }
    for (const auto& one : fresh.services) {
      if (one && !live.endpoints.find(one->end, one->protocol)) fault("a service is missing");
    }
    for (size_t slot = 0; slot < live.services.size(); ++slot) {
      if (live.services[slot] && !known.contains(static_cast<uint32_t>(slot))) {
        fault("a service that is gone is still in the snapshot");
      }
    }
    compare_addresses(fresh, live);
    compare_routes(fresh, live);
    if (fresh.timeouts != live.timeouts) fault("timeouts differ");
  }

  void compare(const dataplane::VirtualService<V4>& fresh,
               const dataplane::VirtualService<V4>& live, const Roster::Service& entry) {
    if (fresh.protocol != live.protocol || fresh.end != live.end) fault("services differ");
    if (live.slot != entry.slot) fault("a service has another slot than its place");
    if (fresh.servers.size() != live.servers.size())
      return fault("servers are missing or too many");
    for (size_t i = 0; i < fresh.servers.size(); ++i) {
      const auto& one = fresh.servers[i];
      const auto& other = live.servers[i];
      if (one.end != other.end || one.method != other.method || one.accepts != other.accepts) {
        fault("servers differ");
      }
      if (other.slot != entry.servers.at(other.end.to_endpoint()).slot) {
        fault("a server has another slot");
      }
    }
    for (uint64_t turn = 0; turn < 24; ++turn) {
      const scheduler::LoadView none({});
      if (fresh.plan->pick({.turn = turn, .loads = none}) !=
          live.plan->pick({.turn = turn, .loads = none})) {
        return fault("schedulers choose differently");
      }
    }
  }

  void compare_addresses(const Snapshot& fresh, const Snapshot& live) {
    std::set<lb::Ipv4Address> allowed;
    for (const auto& [key, entry] : bench_.running.roster.services()) {
      allowed.insert(key.address.address.ipv4());
    }
    for (const lb::Ipv4Address address : fresh.own.all()) {
      if (!live.own.contains(address)) fault("an address is not the director's any more");
    }
    for (const lb::Ipv4Address address : live.own.all()) {
      if (!fresh.own.contains(address) && !allowed.contains(address)) {
        fault("an address is still the director's");
      }
    }
    for (size_t i = 0; i < fresh.links.size(); ++i) {
      if (fresh.links[i].addresses != live.links[i].addresses ||
          fresh.links[i].mtu != live.links[i].mtu || fresh.links[i].mac != live.links[i].mac) {
        fault("links differ");
      }
    }
  }

  void compare_routes(const Snapshot& fresh, const Snapshot& live) {
    for (const char* text : {"10.1.0.10", "10.2.0.11", "10.2.0.99", "192.0.2.1", "172.16.0.1"}) {
      const lb::Ipv4Address address = lb::IpAddress::parse(text)->ipv4();
      const auto* one = fresh.routes.find(address);
      const auto* other = live.routes.find(address);
      if ((one == nullptr) != (other == nullptr)) {
        fault("routes differ");
      } else if (one != nullptr && (one->interface != other->interface ||
                                    lb::next_hop(*one, address) != lb::next_hop(*other, address))) {
        fault("routes lead elsewhere");
      }
      const auto* rule = fresh.masquerade.find(address, 0);
      const auto* running = live.masquerade.find(address, 0);
      if ((rule == nullptr) != (running == nullptr)) fault("masquerade differs");
    }
  }

  // All services go, and nothing of them stays.
  void end_all() {
    conf::Config wanted = config();
    wanted.services.clear();
    if (const Change change = bench_.changes.replace(wanted, farewell()); !change) {
      return fault("the end was refused: " + change.error().text);
    }
    look_around();
    bench_.pass(1000);
    bench_.pass(1000);  // what waited for a neighbour has begun later
    look_around();
    if (!bench_.running.roster.services().empty()) fault("something was not released");
    if (!bench_.running.roster.has_room(kMasqueradeService, kMasqueradeServer)) {
      fault("slots have leaked");
    }
    for (uint32_t slot = 0; slot < 4096; ++slot) {
      if (bench_.running.connections_of(slot) != 0) fault(fmt::format("server {} has load", slot));
    }
    if (bench_.workers->held() != 0) fault("buffers have leaked");
    if (done_ == 0 || refused_ == 0) fault("a dull history");
  }

  Random random_;
  LiveBench bench_;
  int step_ = 0;
  int done_ = 0, refused_ = 0;
  std::string faults_;
};

TEST_CASE("live: any sequence of changes leaves what a fresh start would", "[slow]") {
  uint64_t first = 1, last = kSeeds;
  if (const char* wanted = std::getenv("LBD_SEED"))
    first = last = std::strtoull(wanted, nullptr, 0);
  for (uint64_t seed = first; seed <= last; ++seed) {
    const std::string faults = LiveHistory(seed).run();
    INFO("again: LBD_SEED=" << seed);
    REQUIRE(faults == "");
  }
}

}  // namespace
}  // namespace control
