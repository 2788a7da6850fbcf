#include "tools/bench/world.h"

#include "scheduler/table.h"

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

size_t entry_bytes(uint32_t capacity, uint32_t workers) {
  using Pool = lb::ConnectionPool<lb::V4>;
  return Pool::bytes_for(Pool::entries_for(capacity, workers));
}

// Never nothing, so that there is something to take.
size_t ring_bytes(dataplane::WorkerNumber workers) {
  return std::max<size_t>(dataplane::Mesh::bytes_for(workers), RTE_CACHE_LINE_SIZE);
}

}  // namespace

World::Own::Own(const WorldConfig& config)
    : bucket_memory(take(lb::ConnectionTable<lb::V4>::bytes_for(config.capacity), "index")),
      ring_memory(take(ring_bytes(config.workers), "rings")) {}

World::World(const WorldConfig& config, uint16_t burst)
    : config_(config),
      clients_(config.clients ? config.clients() : std::vector<End>{}),
      burst_(burst),
      entry_memory_(take(entry_bytes(config.capacity, config.workers), "connections")),
      pool_(entry_memory_.bytes()),
      figures_(config.workers, config.services, config.services * config.servers),
      persistence_memory_(lb::Persistence::bytes_for(config.capacity)),
      persistence_(persistence_memory_.span(), kKey),
      snapshot_(config.workers, build_snapshot()) {
  std::vector<std::span<std::byte>> rings;
  for (dataplane::WorkerNumber number = 0; number < config.workers; ++number) {
    Own& own = *own_.emplace_back(std::make_unique<Own>(config));
    rings.push_back(own.ring_memory.bytes());
  }
  mesh_ = std::make_unique<dataplane::Mesh>(rings);
  for (dataplane::WorkerNumber number = 0; number < config.workers; ++number) build_worker(number);
}

void World::build_worker(dataplane::WorkerNumber number) {
  Own& own = *own_[number];
  const dataplane::LinkWay way{.multi_segment = true, .transmitter = number};
  own.worker = std::make_unique<dataplane::Worker>(dataplane::WorkerParts{
      .number = number,
      .owner = dataplane::OwnerFunction::keyed(config_.workers),
      .mesh = *mesh_,
      .io = own.io,
      .links = {way, way},
      .answer_limit = answer_limit_,
      .pool = pool_,
      .bucket_memory = own.bucket_memory.bytes(),
      .key = kKey,
      .figures = figures_,
      .persistence = persistence_,
      .snapshot = snapshot_,
      .neighbours = neighbours(),
  });
}

size_t World::bytes_for(uint32_t capacity, dataplane::WorkerNumber workers) {
  const size_t own = lb::ConnectionTable<lb::V4>::bytes_for(capacity) + ring_bytes(workers);
  return entry_bytes(capacity, workers) + workers * own;
}

std::unique_ptr<const dataplane::Snapshot<lb::V4>> World::build_snapshot() const {
  auto snapshot = std::make_unique<dataplane::Snapshot<lb::V4>>();
  snapshot->timeouts = timeouts_of(config_.timeout_seconds);
  const lb::Prefix outside = *lb::Prefix::parse("192.0.2.2/24");
  const lb::Prefix inside = *lb::Prefix::parse("10.2.255.254/16");
  snapshot->links = {{kMacs[kOutside], 1500, {outside}}, {kMacs[kInside], 1500, {inside}}};
  snapshot->routes = lb::RouteTable<lb::V4>({{outside.network(), kOutside, {}},
                                             {inside.network(), kInside, {}},
                                             {*lb::Prefix::parse("0.0.0.0/0"), kOutside, kRouter}});
  std::vector<lb::Ipv4Address> own{kOutsideOwn, kInsideOwn};
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
      candidates.push_back({.slot = server_slot, .weight = weight_of(server)});
    }
    service->plan = scheduler::find(config_.scheduler)->compile(candidates, {});
    own.push_back(service->end.address);
    snapshot->services.push_back(std::move(service));
  }
  dataplane::index_services(*snapshot, kKey);
  snapshot->set_own(std::move(own));
  return snapshot;
}

std::vector<dataplane::StaticNeighbour> World::neighbours() const {
  std::vector<dataplane::StaticNeighbour> result{{kOutside, kRouter, kRouterMac}};
  for (uint32_t server = 0; server < config_.servers; ++server) {
    result.push_back({kInside, server_address(server), server_mac(server)});
  }
  return result;
}

End World::usual_client(uint32_t flow) {
  return {{Be32(0x64400000 + flow / 16)}, Be16(static_cast<uint16_t>(1024 + flow % 16 * 4001))};
}

End World::client(uint32_t flow) const {
  return clients_.empty() ? usual_client(flow) : clients_[flow];
}

dataplane::WorkerNumber World::owner_of(uint32_t flow) const {
  const End end = client(flow);
  const uint64_t hash = own_[0]->worker->connections().table().hash(end, config_.protocol);
  return dataplane::OwnerFunction::keyed(config_.workers)(end, hash);
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

uint16_t World::payload(uint8_t tcp_flags) const {
  constexpr uint16_t kLeastDatagram = 18;  // fills the shortest frame
  const uint16_t wanted = payload_of(config_.protocol, config_.frame_bytes);
  if (config_.protocol == lb::Protocol::kUdp) return std::max(wanted, kLeastDatagram);
  // A handshake carries nothing.
  return (tcp_flags & (lb::tcp::kSyn | lb::tcp::kFin)) != 0 ? uint16_t{0} : wanted;
}

Frame World::from_client(uint32_t flow, uint8_t tcp_flags) const {
  return {.mac_source = kRouterMac,
          .mac_destination = kMacs[kOutside],
          .source = client(flow),
          .destination = virtual_end(flow),
          .protocol = config_.protocol,
          .tcp_flags = tcp_flags,
          .payload = payload(tcp_flags)};
}

Frame World::at_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const {
  Frame frame = from_client(flow, tcp_flags);
  frame.mac_source = kMacs[kInside];
  frame.mac_destination = server_mac(server);
  if (is_nat()) frame.destination = inside_end(flow, server);
  if (is_tunnel()) frame.outer = {kInsideOwn, server_address(server)};
  --frame.ttl;
  return frame;
}

Frame World::from_server(uint32_t flow, uint32_t server, uint8_t tcp_flags) const {
  return {.mac_source = server_mac(server),
          .mac_destination = kMacs[kInside],
          .source = inside_end(flow, server),
          .destination = client(flow),
          .protocol = config_.protocol,
          .tcp_flags = tcp_flags,
          .payload = payload(tcp_flags)};
}

Frame World::at_client(uint32_t flow, uint8_t tcp_flags) const {
  return {.mac_source = kMacs[kOutside],
          .mac_destination = kRouterMac,
          .source = virtual_end(flow),
          .destination = client(flow),
          .protocol = config_.protocol,
          .tcp_flags = tcp_flags,
          .ttl = 63,
          .payload = payload(tcp_flags)};
}

uint32_t World::server_of(const rte_mbuf* mbuf) const {
  const auto& mac = dataplane::view<dataplane::EthernetHeader>(rte_pktmbuf_mtod(mbuf, uint8_t*))
                        .destination.bytes;
  return static_cast<uint32_t>(mac[4] << 8 | mac[5]);
}

void World::turns(dataplane::Worker& worker, dataplane::LinkNumber link,
                  std::span<rte_mbuf*> packets, Intake intake) {
  for (size_t i = 0; i < packets.size(); i += burst_) {
    const auto burst = packets.subspan(i, std::min<size_t>(burst_, packets.size() - i));
    worker.begin(now_);
    if (intake == Intake::kBursts) {
      worker.process(link, burst.data(), static_cast<uint16_t>(burst.size()));
    } else {
      for (rte_mbuf*& packet : burst) worker.process(link, &packet, 1);
    }
    worker.housekeep(now_);
    worker.flush();
  }
}

uint64_t World::forward(dataplane::LinkNumber link, std::span<rte_mbuf*> packets,
                        dataplane::WorkerNumber worker, Intake intake) {
  Own& own = *own_[worker];
  const uint64_t cycles = time_of([&] { turns(*own.worker, link, packets, intake); });
  require_sent(own.io.take_sent(), packets.size());
  return cycles;
}

// Turns as in the loop of a worker's thread. Returns the cycles of those that found nothing to do.
uint64_t World::turns_until_all_rest(Own& own) {
  uint64_t idle = 0;
  bool receiving = true;
  for (uint64_t last = rte_rdtsc();;) {
    // Once all have received all and flushed it to its owners, an empty turn is the last.
    const bool all_received = receiving_.load(std::memory_order_acquire) == 0;
    const bool worked = own.worker->turn(now_) > 0;
    if (receiving && own.io.has_received_all()) {
      receiving = false;
      receiving_.fetch_sub(1, std::memory_order_release);
    }
    const uint64_t now = rte_rdtsc();
    if (!worked) idle += now - last;
    last = now;
    if (!worked && all_received) return idle;
  }
}

World::Shift World::work(dataplane::WorkerNumber worker, dataplane::LinkNumber link,
                         std::span<rte_mbuf*> packets) {
  Own& own = *own_[worker];
  own.io.arrive(link, packets, burst_);
  uint64_t idle = 0;
  const Stretch stretch = stretch_of([&] { idle = turns_until_all_rest(own); });
  return {stretch.cycles() - std::min(idle, stretch.cycles()), stretch.was_interrupted()};
}

void World::end_shift(uint64_t packets) {
  uint64_t sent = 0;
  for (const auto& own : own_) sent += own->io.take_sent();
  require_sent(sent, packets);
}

void World::require_sent(uint64_t sent, uint64_t packets) const {
  if (sent == packets) return;
  throw Failure(std::to_string(sent) + " of " + std::to_string(packets) + " packets were sent on;" +
                drops());
}

lb::HashKey World::key() const { return kKey; }

scheduler::ServerLoad World::load(uint32_t server_slot) const { return figures_.load(server_slot); }

void World::idle() {
  for (const auto& own : own_) {
    own->worker->begin(now_);
    own->worker->housekeep(now_);
  }
}

void World::follow_clock() { now_ = std::max(now_, clock_.at(rte_rdtsc())); }

void World::expire_all() {
  skip((config_.timeout_seconds + 1) * lb::kTicksPerSecond);
  do {
    idle();
  } while (connections() > 0);
}

uint64_t World::sum(lb::Counter<uint64_t> dataplane::WorkerCounters::*counter) const {
  uint64_t sum = 0;
  for (const auto& own : own_) sum += (own->worker->reader_counters().*counter).reader_get();
  return sum;
}

std::string World::drops() const {
  std::string text;
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    uint64_t count = 0;
    for (const auto& own : own_) count += own->worker->reader_counters().drops[i].reader_get();
    if (count == 0) continue;
    text += ' ' + std::string(lb::kDropReasonTexts[i].name) + ' ' + std::to_string(count);
  }
  return text.empty() ? " no drop is counted" : " drops:" + text;
}

}  // namespace bench
