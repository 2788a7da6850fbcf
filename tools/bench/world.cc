#include "tools/bench/world.h"

#include "scheduler/table.h"
#include "tools/bench/measure.h"

namespace bench {
namespace {

using lb::Be16;
using lb::Be32;

constexpr lb::MacAddress kMacs[] = {{{2, 0, 0, 0, 0, 0}}, {{2, 0, 0, 0, 0, 1}}};  // lbd's, by port
constexpr lb::MacAddress kRouterMac{{2, 0, 0, 0, 0, 0xfe}};
constexpr lb::Ipv4Address kRouter{Be32(0xc0000201)};      // 192.0.2.1
constexpr lb::Ipv4Address kOutsideOwn{Be32(0xc0000202)};  // 192.0.2.2
constexpr lb::Ipv4Address kInsideOwn{Be32(0x0a02fffe)};   // 10.2.255.254
// Any key would do; a fixed one makes runs alike.
constexpr lb::HashKey kKey{0x243f6a8885a308d3, 0x13198a2e03707345};

lb::Ipv4Address server_address(uint32_t server) {
  return {Be32(0x0a020001 + server)};  // 10.2.0.1 and up
}

lb::MacAddress server_mac(uint32_t server) {
  return {{2, 1, 0, 0, static_cast<uint8_t>(server >> 8), static_cast<uint8_t>(server)}};
}

dataplane::Memory take(size_t bytes, const char* purpose) {
  auto memory = dataplane::Memory::take(bytes, purpose);
  if (!memory) throw Failure(memory.error());
  return std::move(*memory);
}

lb::Timeouts timeouts_of(uint32_t seconds) {
  lb::Timeouts timeouts;
  timeouts.fill(seconds * lb::kTicksPerSecond);
  return timeouts;
}

size_t entry_bytes(uint32_t capacity) {
  using Pool = lb::ConnectionPool<lb::V4>;
  return Pool::bytes_for(Pool::entries_for(capacity, 1));
}

}  // namespace

World::World(const WorldConfig& config, uint16_t burst)
    : config_(config),
      burst_(burst),
      entry_memory_(take(entry_bytes(config.capacity), "connections")),
      bucket_memory_(take(lb::ConnectionTable<lb::V4>::bytes_for(config.capacity), "index")),
      pool_(entry_memory_.bytes()),
      turns_(config.services),
      traffic_(size_t{config.services} * config.servers),
      refused_(config.services),
      loads_(size_t{config.services} * config.servers),
      all_loads_(loads_.data()),
      snapshot_(1, build_snapshot()) {
  worker_ = std::make_unique<dataplane::Worker>(dataplane::WorkerParts{
      .number = 0,
      .owner = dataplane::OwnerFunction::keyed(1),
      .mesh = mesh_,
      .io = io_,
      .links = {{.multi_segment = true}, {.multi_segment = true}},
      .answer_limit = answer_limit_,
      .pool = pool_,
      .bucket_memory = bucket_memory_.bytes(),
      .key = kKey,
      .loads = loads_,
      .live = {turns_, traffic_, refused_, {&all_loads_, 1}},
      .timeouts = timeouts_of(config.timeout_seconds),
      .snapshot = snapshot_,
      .neighbours = neighbours(),
  });
}

size_t World::bytes_for(uint32_t capacity) {
  return entry_bytes(capacity) + lb::ConnectionTable<lb::V4>::bytes_for(capacity);
}

std::unique_ptr<const dataplane::Snapshot<lb::V4>> World::build_snapshot() const {
  auto snapshot = std::make_unique<dataplane::Snapshot<lb::V4>>();
  const lb::Prefix outside = *lb::Prefix::parse("192.0.2.2/24");
  const lb::Prefix inside = *lb::Prefix::parse("10.2.255.254/16");
  snapshot->links = {{kMacs[kOutside], 1500, {outside}}, {kMacs[kInside], 1500, {inside}}};
  snapshot->routes = lb::RouteTable<lb::V4>({{outside.network(), kOutside, {}},
                                             {inside.network(), kInside, {}},
                                             {*lb::Prefix::parse("0.0.0.0/0"), kOutside, kRouter}});
  std::vector<lb::Ipv4Address> own{kOutsideOwn, kInsideOwn};
  std::vector<lb::EndpointTable<lb::V4>::Item> endpoints;
  const lb::MethodNumber method = dataplane::find_method(config_.method).value();
  for (uint32_t slot = 0; slot < config_.services; ++slot) {
    auto service = std::make_shared<dataplane::VirtualService<lb::V4>>();
    service->slot = slot;
    service->protocol = config_.protocol;
    service->end = virtual_end(slot);
    std::vector<scheduler::Server> candidates;
    for (uint32_t server = 0; server < config_.servers; ++server) {
      const uint32_t server_slot = slot * config_.servers + server;
      service->servers.push_back({inside_end(slot, server), server_slot, method, true});
      candidates.push_back({server_slot, 1 + server % 10});
    }
    service->plan = scheduler::find(config_.scheduler)->compile(candidates);
    own.push_back(service->end.address);
    endpoints.push_back({service->end, config_.protocol, slot});
    snapshot->services.push_back(std::move(service));
  }
  snapshot->endpoints = lb::EndpointTable<lb::V4>(endpoints, kKey);
  snapshot->own = dataplane::OwnAddresses<lb::V4>(std::move(own));
  return snapshot;
}

std::vector<dataplane::StaticNeighbour> World::neighbours() const {
  std::vector<dataplane::StaticNeighbour> result{{kOutside, kRouter, kRouterMac}};
  for (uint32_t server = 0; server < config_.servers; ++server) {
    result.push_back({kInside, server_address(server), server_mac(server)});
  }
  return result;
}

// Sixteen ports of each address.
End World::client(uint32_t flow) const {
  return {{Be32(0x64400000 + flow / 16)}, Be16(static_cast<uint16_t>(1024 + flow % 16 * 4001))};
}

// 198.18.0.0 and up.
End World::virtual_end(uint32_t flow) const {
  return {{Be32(0xc6120000 + flow % config_.services)}, Be16(80)};
}

// A server of several services has a port for each in NAT, so that no two of them look alike.
End World::inside_end(uint32_t flow, uint32_t server) const {
  const uint32_t port = is_nat() ? 8000 + flow % config_.services : 80;
  return {server_address(server), Be16(static_cast<uint16_t>(port))};
}

Frame World::from_client(uint32_t flow, uint8_t tcp_flags) const {
  return {kRouterMac,        kMacs[kOutside],  client(flow),
          virtual_end(flow), config_.protocol, tcp_flags};
}

Frame World::at_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const {
  const End destination = is_nat() ? inside_end(flow, server) : virtual_end(flow);
  return {kMacs[kInside],
          server_mac(server),
          client(flow),
          destination,
          config_.protocol,
          tcp_flags,
          63};
}

Frame World::from_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const {
  return {server_mac(server), kMacs[kInside],   inside_end(flow, server),
          client(flow),       config_.protocol, tcp_flags};
}

Frame World::at_client(uint32_t flow, uint8_t tcp_flags) const {
  return {kMacs[kOutside], kRouterMac, virtual_end(flow), client(flow), config_.protocol,
          tcp_flags,       63};
}

uint32_t World::server_of(const rte_mbuf* mbuf) const {
  const auto& mac = dataplane::view<dataplane::EthernetHeader>(rte_pktmbuf_mtod(mbuf, uint8_t*))
                        .destination.bytes;
  return static_cast<uint32_t>(mac[4] << 8 | mac[5]);
}

void World::turns(dataplane::LinkNumber link, std::span<rte_mbuf*> packets) {
  for (size_t i = 0; i < packets.size(); i += burst_) {
    worker_->begin(now_);
    worker_->process(link, &packets[i],
                     static_cast<uint16_t>(std::min<size_t>(burst_, packets.size() - i)));
    worker_->housekeep(now_);
    worker_->flush();
  }
}

uint64_t World::forward(dataplane::LinkNumber link, std::span<rte_mbuf*> packets) {
  const uint64_t cycles = time_of([&] { turns(link, packets); });
  const uint64_t sent = io_.take_sent();
  if (sent != packets.size()) {
    throw Failure(std::to_string(sent) + " of " + std::to_string(packets.size()) +
                  " packets were sent on;" + drops());
  }
  return cycles;
}

void World::follow_clock() { now_ = std::max(now_, clock_.at(rte_rdtsc())); }

void World::expire_all() {
  skip((config_.timeout_seconds + 1) * lb::kTicksPerSecond);
  do {
    worker_->begin(now_);
    worker_->housekeep(now_);
  } while (connections() > 0);
}

std::string World::drops() const {
  std::string text;
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    const uint64_t count = worker_->reader_counters().drops[i].reader_get();
    if (count == 0) continue;
    text += ' ' + std::string(lb::kDropReasonTexts[i].name) + ' ' + std::to_string(count);
  }
  return text.empty() ? " no drop is counted" : " drops:" + text;
}

}  // namespace bench
