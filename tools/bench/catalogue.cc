#include "tools/bench/catalogue.h"

#include <algorithm>

#include "tools/bench/baselines.h"
#include "tools/bench/flood.h"
#include "tools/bench/known.h"
#include "tools/bench/opening.h"
#include "tools/bench/scale.h"
#include "tools/bench/several.h"

namespace bench {
namespace {

constexpr uint32_t kAllMbufs = kHotRing + 2 * kRing + kColdRing;
constexpr uint32_t kSeveralFlows[] = {1000, 100'000};
constexpr uint32_t kFloods[] = {1000, 10'000, 100'000};
constexpr uint32_t kFloodedServices = 10'000;

std::string_view protocol_text(lb::Protocol protocol) { return lb::to_string(protocol); }

CaseSpec opening(const WorldConfig& config, Table table) {
  std::string name = "new " + config.method + ' ' + std::string(protocol_text(config.protocol)) +
                     ' ' + config.scheduler + ' ' + count_text(config.servers) + " servers";
  if (table == Table::kFull) name += ", full";
  return {name, config.capacity, kRing, "connection", [=](Lab& lab) {
            return std::make_unique<Opening>(config, table, lab.ring(kRing), lab.burst());
          }};
}

void add_established(std::vector<Group>& groups, uint32_t flows) {
  for (const char* method : {"dr", "tunnel", "nat"}) {
    for (const lb::Protocol protocol : {lb::Protocol::kUdp, lb::Protocol::kTcp}) {
      const std::string name = std::string(method) + ' ' + std::string(protocol_text(protocol));
      const Known known(name, {.method = method, .protocol = protocol}, flows);
      groups.push_back(known.group({kRing, kColdRing}));
      if (protocol == lb::Protocol::kTcp) known.add_one_by_one(groups.back());
    }
  }
}

uint32_t opening_capacity(const Options& options) { return std::max(options.flows.back(), 65536u); }

// One world at a time: each has room for all connections.
void add_openings(std::vector<Group>& groups, uint32_t capacity) {
  const CaseSpec hash{"rte_hash add", capacity, 0, "key",
                      [=](Lab&) { return std::make_unique<HashAdd>(capacity); }};
  const auto add = [&](WorldConfig config, Table table) {
    config.capacity = capacity;
    groups.push_back({{opening(config, table)}, hash});
  };
  add({.method = "dr"}, Table::kRoomLeft);
  add({.method = "tunnel"}, Table::kRoomLeft);
  add({.method = "nat", .protocol = lb::Protocol::kUdp}, Table::kRoomLeft);
  for (const char* scheduler : {"rr", "wrr", "lc", "wlc"}) {
    add({.scheduler = scheduler}, Table::kRoomLeft);
  }
  add({.scheduler = "lc", .servers = 1000}, Table::kRoomLeft);
  add({.scheduler = "wlc", .servers = 1000}, Table::kRoomLeft);
  add({.method = "dr"}, Table::kFull);
  add({.scheduler = "rr"}, Table::kFull);
  add({.scheduler = "wlc"}, Table::kFull);
}

Group short_connections() {
  const CaseSpec spec{"short nat tcp, SYN to expiry", ShortConnections::kCapacity, kColdRing,
                      "connection", [](Lab& lab) {
                        return std::make_unique<ShortConnections>(lab.ring(kColdRing), lab.burst());
                      }};
  return {{spec}, {}};
}

// What clients that an attacker chose cost, against others.
Group crc_flood(uint32_t flows) {
  Group group;
  const auto add = [&](const std::string& name, std::vector<End> (*clients)(uint32_t)) {
    group.cases.push_back(established(name, {.clients = [=] { return clients(flows); }}, flows));
  };
  add("nat tcp, random clients", random_clients);
  add("nat tcp, clients of few CRC32s", colliding_clients);
  group.comparisons.push_back({"chosen clients cost times as much", Comparison::Kind::kRatio,
                               group.cases[1].name, group.cases[0].name, 1, "under 2"});
  return group;
}

// What other clients pay while one client port has a connection to every service, and what that one
// pays.
Group sibling_flood() {
  Group group;
  const auto add = [&](const std::string& name, uint32_t silent,
                       std::vector<End> (*clients)(uint32_t) = usual_clients_and_one) {
    // The same room for connections in all.
    const WorldConfig config{.services = kFloodedServices,
                             .capacity = 3 * kFloodedServices,
                             .clients = [=] { return clients(kFloodedServices); }};
    group.cases.push_back(
        {name, kFloodedServices + silent, kRing, "packet", [=](Lab& lab) {
           auto flows = std::make_shared<KnownFlows>(config, kFloodedServices + silent,
                                                     lab.ring(kRing), lab.burst(), silent);
           return std::make_unique<Established>(flows, Towards::kServer, lab.ring(kRing));
         }});
  };
  add("nat tcp (10k services), all alike", 0);
  add("nat tcp (10k services), 1 has all", kFloodedServices);
  add("nat tcp (10k services), none but 1", 0, one_client);
  group.comparisons.push_back({"others pay times as much beside that client",
                               Comparison::Kind::kRatio, group.cases[1].name, group.cases[0].name,
                               1, "under 2"});
  group.comparisons.push_back({"that client pays times as much itself", Comparison::Kind::kRatio,
                               group.cases[2].name, group.cases[0].name, 1, "under 10"});
  return group;
}

std::array<Ring*, kSeveral> rings_of(Lab& lab) { return {&lab.ring(kRing), &lab.second_ring()}; }

const std::string kOneWorker = ", 1 worker";
const std::string kTwoWorkers = ", 2 workers";
const std::string kHandedOver = ", 2 workers, half handed over";

Group several_known(const std::string& method, uint32_t flows) {
  Group group;
  const std::string name = method + " tcp";
  const auto add = [&](const std::string& suffix, const auto& world, Arrival arrival) {
    group.cases.push_back({name + suffix, flows, kRing, "packet", [=](Lab& lab) {
                             return std::make_unique<SeveralEstablished>(world(lab), arrival,
                                                                         lab.team(), rings_of(lab));
                           }});
  };
  const auto one = shared_flows({.method = method}, flows);
  const auto two = shared_flows({.method = method, .workers = kSeveral}, flows);
  add(kOneWorker, one, Arrival::kByOwner);
  add(kTwoWorkers, two, Arrival::kByOwner);
  add(kHandedOver, two, Arrival::kHalfOther);
  using Kind = Comparison::Kind;
  group.comparisons.push_back({"2 workers do the work of 1 so many times", Kind::kRatio,
                               name + kOneWorker, name + kTwoWorkers, 1, "at least 1.8"});
  // A worker hands over half of what it receives; the figures are the director's.
  group.comparisons.push_back({"a packet handed over costs ns more", Kind::kDifference,
                               name + kHandedOver, name + kTwoWorkers, kSeveral * 2.0, "under 60"});
  return group;
}

Group several_opening(WorldConfig config) {
  Group group;
  const std::string name = "new nat tcp " + config.scheduler;
  const auto add = [&](const std::string& suffix, dataplane::WorkerNumber workers) {
    config.workers = workers;
    group.cases.push_back(
        {name + suffix, config.capacity, kRing, "connection of a worker", [=](Lab& lab) {
           return std::make_unique<SeveralOpening>(config, lab.team(), rings_of(lab), lab.burst());
         }});
  };
  add(kOneWorker, 1);
  add(kTwoWorkers, kSeveral);
  group.comparisons.push_back({"a worker of 2 takes times as long as 1 alone",
                               Comparison::Kind::kRatio, name + kTwoWorkers, name + kOneWorker, 1,
                               "at most 1.3"});
  return group;
}

void add_several(std::vector<Group>& groups, uint32_t capacity) {
  for (const char* method : {"nat", "dr"}) {
    for (const uint32_t flows : kSeveralFlows) groups.push_back(several_known(method, flows));
  }
  for (const char* scheduler : {"rr", "wlc"}) {
    groups.push_back(several_opening({.scheduler = scheduler, .capacity = capacity}));
  }
}

}  // namespace

Lab::Lab(const Options& options)
    : burst_(options.burst), pool_(kAllMbufs), second_ring_(pool_, kRing) {
  for (const uint32_t size : {kHotRing, kRing, kColdRing}) rings_.try_emplace(size, pool_, size);
  if (options.second_cpu) team_ = std::make_unique<Team>(*options.second_cpu);
}

size_t Lab::mbuf_bytes() { return MbufPool::bytes_for(kAllMbufs); }

std::vector<Group> catalogue(const Options& options) {
  std::vector<Group> groups;
  for (const uint32_t flows : options.flows) add_established(groups, flows);
  add_scales(groups, options);
  add_openings(groups, opening_capacity(options));
  groups.push_back(short_connections());
  for (const uint32_t flows : kFloods) groups.push_back(crc_flood(flows));
  groups.push_back(sibling_flood());
  if (options.second_cpu) add_several(groups, opening_capacity(options));
  return groups;
}

std::vector<CaseSpec> mac_swaps() {
  std::vector<CaseSpec> result;
  for (const uint32_t ring : {kHotRing, kRing, kColdRing}) {
    result.push_back({"MAC swap", 0, ring, "packet", [=](Lab& lab) {
                        return std::make_unique<MacSwap>(lab.ring(ring), lab.burst());
                      }});
  }
  return result;
}

size_t bytes_for(const Options& options) {
  constexpr size_t kEal = size_t{64} << 20;
  const uint32_t most = opening_capacity(options);
  // The largest group of known connections has a quarter more room than connections.
  const size_t group = World::bytes_for(most + most / 4) + KnownKeys::bytes_for(most);
  const auto one_and_several = [](uint32_t capacity) {
    return World::bytes_for(capacity) + World::bytes_for(capacity, kSeveral);
  };
  const uint32_t several = std::max(most, kSeveralFlows[1] * 5 / 4 + 64);
  const size_t largest =
      std::max({group, World::bytes_for(ShortConnections::kCapacity), one_and_several(several)});
  return kEal + Lab::mbuf_bytes() + largest + largest / 4;
}

}  // namespace bench
