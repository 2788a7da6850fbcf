#include "test/threads/director.h"

#include <cstring>

#include "scheduler/table.h"
#include "test/dataplane/support/frame.h"

namespace threads_test {
namespace {

using lb::V4;
using Pool = lb::ConnectionPool<V4>;

constexpr lb::HashKey kKey{0x0123456789abcdefULL, 0xfedcba9876543211ULL};

lb::Ipv4Address address_of(const char* text) { return lb::IpAddress::parse(text).value().ipv4(); }

lb::End<V4> end_of(const char* text) {
  return lb::End<V4>::from(lb::Endpoint::parse(text).value());
}

// Services and servers keep their slots over all configurations.
struct Choice {
  const char* scheduler;
  uint32_t weights[3];
};

std::shared_ptr<const dataplane::VirtualService<V4>> service_of(uint32_t slot,
                                                                const Choice& choice) {
  static constexpr const char* kServers[2][3] = {{"10.2.0.11:80", "10.2.0.12:80", "10.2.0.13:80"},
                                                 {"10.2.0.11:53", "10.2.0.12:53", "10.2.0.13:53"}};
  auto service = std::make_shared<dataplane::VirtualService<V4>>();
  service->slot = slot;
  service->protocol = slot == 0 ? lb::Protocol::kTcp : lb::Protocol::kUdp;
  service->end = end_of(slot == 0 ? Director::kTcpService : Director::kUdpService);
  std::vector<scheduler::Server> candidates;
  for (uint32_t i = 0; i < 3; ++i) {
    const uint32_t server = slot * 3 + i;
    service->servers.push_back({end_of(kServers[slot][i]), server,
                                dataplane::find_method("nat").value(), choice.weights[i] > 0});
    candidates.push_back({.slot = server, .weight = choice.weights[i]});
  }
  service->plan = scheduler::find(choice.scheduler)->compile(candidates, {});
  return service;
}

lb::Timeouts short_timeouts() {
  lb::Timeouts timeouts;
  timeouts.fill(20 * lb::kTicksPerSecond);
  return timeouts;
}

}  // namespace

std::unique_ptr<const dataplane::Snapshot<V4>> Director::configuration(uint32_t number) {
  static constexpr Choice kTcp[] = {{"rr", {1, 1, 1}}, {"wrr", {3, 1, 2}}, {"rr", {1, 0, 1}}};
  static constexpr Choice kUdp[] = {{"wlc", {1, 2, 1}}, {"lc", {1, 1, 1}}};
  auto snapshot = std::make_unique<dataplane::Snapshot<V4>>();
  snapshot->timeouts = short_timeouts();
  const lb::Prefix outside = *lb::Prefix::parse("10.1.0.1/24");
  const lb::Prefix inside = *lb::Prefix::parse("10.2.0.1/24");
  snapshot->links = {{mac(kWan), 1500, {outside}}, {mac(kLan), 1500, {inside}}};
  snapshot->routes =
      lb::RouteTable<V4>({{outside.network(), kWan, {}}, {inside.network(), kLan, {}}});
  snapshot->services = {service_of(0, kTcp[number % 3]), service_of(1, kUdp[number % 2])};
  dataplane::index_services(*snapshot, kKey);
  snapshot->set_own({address_of("10.1.0.1"), address_of("10.2.0.1"), address_of("10.1.0.100")});
  snapshot->masquerade = dataplane::Masquerade<V4>(
      {{*lb::Prefix::parse("10.2.0.0/24"), kWan, address_of("10.1.0.1"), 2000, 2999}});
  return snapshot;
}

std::span<std::byte> Director::take(size_t bytes, Memory& memory) {
  const size_t whole = (bytes + 63) / 64 * 64;
  memory.reset(static_cast<std::byte*>(std::aligned_alloc(64, whole)));
  std::memset(memory.get(), 0, whole);
  return {memory.get(), bytes};
}

Director::Director()
    : pool_(take(Pool::bytes_for(Pool::entries_for(kCapacity, kWorkers)), entries_)),
      snapshot_(kWorkers, configuration(0)) {
  std::vector<std::span<std::byte>> rings;
  for (size_t i = 0; i < kWorkers; ++i) {
    Own& own = *own_.emplace_back(std::make_unique<Own>(buffers_));
    rings.push_back(take(dataplane::Mesh::bytes_for(kWorkers), own.rings));
  }
  mesh_ = std::make_unique<dataplane::Mesh>(rings);
  for (dataplane::WorkerNumber i = 0; i < kWorkers; ++i) build_worker(i);
}

void Director::build_worker(dataplane::WorkerNumber number) {
  std::vector<dataplane::StaticNeighbour> neighbours;
  for (const char* host : {"10.1.0.10", "10.1.0.11"}) {
    neighbours.push_back({kWan, address_of(host), dataplane_test::mac_of(host)});
  }
  for (const char* host : {"10.2.0.11", "10.2.0.12"}) {
    neighbours.push_back({kLan, address_of(host), dataplane_test::mac_of(host)});
  }
  Own& own = *own_[number];
  // The second worker has no transmit queue of the first link.
  const dataplane::WorkerNumber transmitter = number == 1 ? 0 : number;
  own.worker = std::make_unique<dataplane::Worker>(dataplane::WorkerParts{
      .number = number,
      .owner = dataplane::OwnerFunction::keyed(kWorkers),
      .mesh = *mesh_,
      .io = own.io,
      .links = {{.transmitter = transmitter}, {.transmitter = number}},
      .answer_limit = answer_limit_,
      .pool = pool_,
      .bucket_memory = take(lb::ConnectionTable<V4>::bytes_for(kCapacity), own.buckets),
      .key = kKey,
      .figures = figures_,
      .persistence = persistence_,
      .snapshot = snapshot_,
      .neighbours = neighbours});
}

uint64_t Director::opened(uint32_t server) const {
  uint64_t sum = 0;
  for (dataplane::WorkerNumber i = 0; i < kWorkers; ++i) {
    sum += figures_.traffic(i, server).connections.reader_get();
  }
  return sum;
}

uint64_t Director::refused(uint32_t service) const { return figures_.refused(service); }

uint64_t Director::count(lb::Counter<uint64_t> dataplane::WorkerCounters::*counter) const {
  uint64_t sum = 0;
  for (const auto& own : own_) sum += (own->worker->reader_counters().*counter).reader_get();
  return sum;
}

uint64_t Director::drops() const {
  uint64_t sum = 0;
  for (const auto& own : own_) {
    for (const auto& reason : own->worker->reader_counters().drops) sum += reason.reader_get();
  }
  return sum;
}

}  // namespace threads_test
