#include "test/dataplane/support/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "scheduler/table.h"
#include "test/dataplane/support/describe.h"

namespace dataplane_test {
namespace {

using lb::V4;

lb::Ipv4Address address_of(const std::string& text) {
  return lb::IpAddress::parse(text).value().ipv4();
}

lb::End<V4> end_of(const std::string& text) {
  return lb::End<V4>::from(lb::Endpoint::parse(text).value());
}

// LVS's, as in the configuration's defaults.
lb::Timeouts default_timeouts() {
  lb::Timeouts timeouts{};
  const auto set = [&](lb::State state, lb::Tick seconds) {
    timeouts[static_cast<size_t>(state)] = seconds * lb::kTicksPerSecond;
  };
  set(lb::State::kEstablished, 900);
  set(lb::State::kSynSent, 120);
  set(lb::State::kSynRecv, 60);
  set(lb::State::kFinWait, 120);
  set(lb::State::kTimeWait, 120);
  set(lb::State::kClose, 10);
  set(lb::State::kCloseWait, 60);
  set(lb::State::kUdp, 300);
  return timeouts;
}

std::string text_of_event(const dataplane::Event& event, const std::string& link) {
  const std::string address = lb::IpAddress(event.address).to_string();
  switch (event.kind) {
    case dataplane::Event::Kind::kNeighbourMoved:
      return fmt::format("{} on {} moved from {} to {}", address, link, event.from.to_string(),
                         event.to.to_string());
    case dataplane::Event::Kind::kNeighbourFailed:
      return fmt::format("{} on {} does not answer", address, link);
    case dataplane::Event::Kind::kAddressConflict:
      return fmt::format("{} on {} is claimed by {}", address, link, event.from.to_string());
    case dataplane::Event::Kind::kAnswersForVip:
      return fmt::format("{} on {} is answered for by {}", address, link, event.from.to_string());
    case dataplane::Event::Kind::kPortsExhausted:
      return fmt::format("{} by {}: no masquerade port is left", address, link);
  }
  return "unknown event";
}

}  // namespace

dataplane::WorkerNumber usual_workers() {
  const char* text = std::getenv("LBD_TEST_WORKERS");
  return text != nullptr ? static_cast<dataplane::WorkerNumber>(std::atoi(text)) : 1;
}

World::World(Setup setup)
    : setup_(std::move(setup)),
      io_(setup_.links.size()),
      kernel_(build_kernel()),
      turns_(kSlots),
      snapshot_(setup_.workers, build_snapshot()),
      answer_limit_(dataplane::Host<V4>::kAnswersPerSecond,
                    dataplane::Host<V4>::kAnswersPerSecond) {
  build_workers();
}

uint16_t World::Face::receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  return world_.receiver_ == number_ ? world_.io_.receive(link, packets, count) : 0;
}

void World::apply(std::vector<ServiceSetup> services) {
  setup_.services = std::move(services);
  snapshot_.publish(build_snapshot());
}

void World::edit(const std::function<void(Setup&)>& change) {
  change(setup_);
  snapshot_.publish(build_snapshot());
}

void World::ask(const dataplane::Request& request) {
  for (const auto& worker : workers_) {
    if (!worker->control_request(request)) std::abort();
  }
}

bool World::is_cutting() const {
  return std::any_of(cuts_.begin(), cuts_.end(), [](const auto& sweep) { return !sweep->done; });
}

bool World::begin_cut(const std::string& service, const std::vector<std::string>& servers) {
  if (is_cutting()) return false;
  cuts_.clear();
  for (const auto& worker : workers_) {
    dataplane::CutSweep& sweep = *cuts_.emplace_back(std::make_unique<dataplane::CutSweep>());
    for (const std::string& server : servers) {
      sweep.servers.push_back(slot_of(server_slots_, service + " " + server));
    }
    std::sort(sweep.servers.begin(), sweep.servers.end());
    dataplane::Request request{dataplane::Request::Kind::kCut};
    request.cut = &sweep;
    if (!worker->control_request(request)) std::abort();
  }
  return true;
}

Lines World::cut(const std::string& service, const std::vector<std::string>& servers) {
  if (!begin_cut(service, servers)) std::abort();
  while (is_cutting()) turn_quietly();
  return describe_sent();
}

std::span<std::byte> World::take(size_t bytes, Memory& memory) {
  const size_t whole = (bytes + 63) / 64 * 64;
  memory.reset(static_cast<std::byte*>(std::aligned_alloc(64, whole)));
  std::memset(memory.get(), 0, whole);
  return {memory.get(), bytes};
}

uint32_t World::slot_of(std::map<std::string, uint32_t>& slots, const std::string& name) {
  return slots.emplace(name, static_cast<uint32_t>(slots.size())).first->second;
}

dataplane::LinkNumber World::link_number(std::string_view name) const {
  for (uint16_t i = 0; i < setup_.links.size(); ++i) {
    if (setup_.links[i].name == name) return i;
  }
  std::abort();
}

lb::MacAddress World::mac_of_link(std::string_view link) const {
  return {{2, 0xff, 0, 0, 0, static_cast<uint8_t>(link_number(link) + 1)}};
}

dataplane::VirtualService<V4> World::build_service(const ServiceSetup& setup) {
  dataplane::VirtualService<V4> service;
  service.protocol = lb::parse_protocol(setup.protocol).value();
  service.end = end_of(setup.address);
  const std::string name = setup.protocol + " " + setup.address;
  service.slot = slot_of(service_slots_, name);
  std::vector<scheduler::Server> candidates;
  for (const ServerSetup& server : setup.servers) {
    const uint32_t slot = slot_of(server_slots_, name + " " + server.address);
    service.servers.push_back({end_of(server.address), slot,
                               dataplane::find_method(server.forward).value(), server.weight > 0,
                               server.upper_threshold, server.lower_threshold});
    candidates.push_back(
        {.slot = slot, .weight = server.weight, .limited = server.upper_threshold > 0});
  }
  service.holds = {setup.persistence_timeout * lb::kTicksPerSecond,
                   address_of(setup.persistence_netmask), setup.expire_quiescent_template};
  service.one_packet = setup.one_packet;
  service.index_servers();
  service.plan = scheduler::find(setup.scheduler)->compile(candidates, {});
  service.closed = setup.closed;
  return service;
}

std::vector<dataplane::Link> World::build_links() const {
  std::vector<dataplane::Link> links;
  for (const LinkSetup& setup : setup_.links) {
    dataplane::Link& link = links.emplace_back();
    link.mac = mac_of_link(setup.name);
    link.mtu = setup.mtu;
    for (const std::string& text : setup.addresses) {
      link.addresses.push_back(lb::Prefix::parse(text).value());
    }
  }
  return links;
}

std::unique_ptr<const dataplane::Snapshot<V4>> World::build_snapshot() {
  auto snapshot = std::make_unique<dataplane::Snapshot<V4>>();
  snapshot->timeouts = default_timeouts();
  for (const auto& [state, seconds] : setup_.timeouts) {
    snapshot->timeouts[static_cast<size_t>(state)] = seconds * lb::kTicksPerSecond;
  }
  snapshot->routing_version = setup_.routing_version;
  snapshot->links = build_links();
  std::vector<lb::Ipv4Address> own, kernels, elsewhere;
  std::vector<lb::Route<V4>> routes;
  for (uint32_t i = 0; i < snapshot->links.size(); ++i) {
    for (const lb::Prefix& prefix : snapshot->links[i].addresses) {
      own.push_back(prefix.address.ipv4());
      if (kernel_ && kernel_->has_twin(static_cast<uint16_t>(i))) kernels.push_back(own.back());
      routes.push_back({prefix.network(), i, {}});
    }
  }
  for (const RouteSetup& route : setup_.routes) {
    routes.push_back({lb::Prefix::parse(route.destination).value(), link_number(route.link),
                      address_of(route.gateway)});
  }
  snapshot->services.resize(kSlots);
  for (const ServiceSetup& setup : setup_.services) {
    auto service = std::make_shared<dataplane::VirtualService<V4>>(build_service(setup));
    (setup_.standby ? elsewhere : own).push_back(service->end.address);
    snapshot->services[service->slot] = std::move(service);
  }
  dataplane::index_services(*snapshot, key_);
  snapshot->own = dataplane::OwnAddresses<V4>(std::move(own));
  snapshot->kernels = dataplane::OwnAddresses<V4>(std::move(kernels));
  snapshot->standby = setup_.standby;
  snapshot->elsewhere = dataplane::OwnAddresses<V4>(std::move(elsewhere));
  snapshot->routes = lb::RouteTable<V4>(std::move(routes));
  std::vector<dataplane::MasqueradeRule<V4>> rules;
  for (const MasqueradeSetup& rule : setup_.masquerade) {
    const uint16_t link = link_number(rule.link);
    rules.push_back({lb::Prefix::parse(rule.source).value(), link,
                     snapshot->links[link].addresses.front().address.ipv4(), rule.first_port,
                     rule.last_port});
  }
  snapshot->masquerade = dataplane::Masquerade<V4>(std::move(rules));
  return snapshot;
}

void World::build_workers() {
  using Pool = lb::ConnectionPool<V4>;
  pool_ = std::make_unique<Pool>(
      take(Pool::bytes_for(Pool::entries_for(setup_.capacity, setup_.workers)), entries_));
  persistence_ = std::make_unique<lb::Persistence>(
      take(lb::Persistence::bytes_for(setup_.capacity), clients_), key_);
  std::vector<std::span<std::byte>> rings;
  for (dataplane::WorkerNumber i = 0; i < setup_.workers; ++i) {
    Own& own = *own_.emplace_back(std::make_unique<Own>());
    all_loads_.push_back(own.loads.data());
    all_load_changes_.push_back(own.load_changes.data());
    rings.push_back(take(dataplane::Mesh::bytes_for(setup_.workers), own.rings));
  }
  mesh_ = std::make_unique<dataplane::Mesh>(rings);
  for (dataplane::WorkerNumber i = 0; i < setup_.workers; ++i) build_worker(i);
}

void World::build_worker(dataplane::WorkerNumber number) {
  faces_.push_back(std::make_unique<Face>(*this, number));
  std::vector<dataplane::LinkWay> links;
  for (const LinkSetup& link : setup_.links) {
    // Every other worker has no queue of its own and sends by another's.
    const auto other = static_cast<dataplane::WorkerNumber>(links.size() % setup_.workers);
    links.push_back({link.multi_segment, number % 2 == 0 ? number : other});
  }
  std::vector<dataplane::StaticNeighbour> neighbours;
  for (const HostSetup& host : setup_.hosts) {
    neighbours.push_back({link_number(host.link), address_of(host.address), mac_of(host.address)});
  }
  Own& own = *own_[number];
  workers_.push_back(std::make_unique<dataplane::Worker>(dataplane::WorkerParts{
      .number = number,
      .owner = dataplane::OwnerFunction::keyed(setup_.workers),
      .mesh = *mesh_,
      .io = *faces_.back(),
      .links = links,
      .answer_limit = answer_limit_,
      .pool = *pool_,
      .bucket_memory = take(lb::ConnectionTable<V4>::bytes_for(setup_.capacity), own.buckets),
      .key = key_,
      .loads = own.loads,
      .live = {turns_, own.traffic, own.refused, all_loads_, kSlots - 1, kSlots - 1,
               all_load_changes_},
      .persistence = *persistence_,
      .limits = limits_,
      .snapshot = snapshot_,
      .neighbours = neighbours,
      .load_changes = own.load_changes,
      .kernel = kernel_.get()}));
}

std::unique_ptr<dataplane::KernelExchange> World::build_kernel() const {
  constexpr uint16_t kLargestFrame = 1522;
  if (setup_.twins.empty()) return nullptr;
  std::vector<bool> twins;
  for (const LinkSetup& link : setup_.links) {
    twins.push_back(std::ranges::find(setup_.twins, link.name) != setup_.twins.end());
  }
  return std::make_unique<dataplane::KernelExchange>(twins, setup_.workers, kLargestFrame);
}

Lines World::to_kernel() {
  Lines lines;
  for (dataplane::WorkerNumber i = 0; i < setup_.workers; ++i) {
    dataplane::FrameRing& ring = kernel_->to_kernel(i);
    while (const auto frame = ring.reader_front()) {
      lines.push_back(describe(Bytes(frame->bytes.begin(), frame->bytes.end())) + " by " +
                      setup_.links[frame->link].name);
      ring.reader_pop();
    }
  }
  return lines;
}

void World::from_kernel(std::string_view link, const Bytes& frame) {
  dataplane::FrameRing& ring = kernel_->from_kernel(0);
  if (!ring.writer_has_room(1)) std::abort();
  ring.writer_put(link_number(link), frame);
}

Lines World::receive(std::string_view link, const std::vector<Frame>& frames) {
  const lb::MacAddress mac = mac_of_link(link);
  for (const Frame& frame : frames) io_.put(link_number(link), frame.build(mac));
  return turn();
}

Lines World::turn() {
  turn_quietly();
  return describe_sent();
}

// The next worker in order receives, once; then all turn until nothing is left in the rings.
void World::turn_quietly() {
  receiver_ = static_cast<dataplane::WorkerNumber>((receiver_ + 1) % setup_.workers);
  workers_[receiver_]->turn(now_);
  if (setup_.workers == 1) {
    snapshot_.collect();
    return;
  }
  const dataplane::WorkerNumber receiver = std::exchange(receiver_, setup_.workers);
  for (uint32_t moved = 1; moved > 0;) {
    moved = 0;
    for (const auto& worker : workers_) moved += worker->turn(now_);
  }
  snapshot_.collect();
  receiver_ = receiver;
}

void World::turn_only(dataplane::WorkerNumber worker) {
  receiver_ = worker;
  workers_[worker]->turn(now_);
  snapshot_.collect();
}

Lines World::pass(double seconds) {
  return pass_ticks(static_cast<lb::Tick>(seconds * lb::kTicksPerSecond));
}

Lines World::pass_ticks(lb::Tick ticks) {
  for (lb::Tick i = 0; i < ticks; ++i) {
    ++now_;
    turn_quietly();
  }
  return describe_sent();
}

Lines World::describe_sent() {
  Lines lines;
  for (const SentFrame& sent : io_.take_sent()) {
    const LinkSetup& link = setup_.links[sent.link];
    if (!has_right_ip_checksum(sent.bytes)) wrong_ip_checksum_sent_ = true;
    lb::MacAddress to, from;
    std::memcpy(to.bytes.data(), sent.bytes.data(), 6);
    std::memcpy(from.bytes.data(), sent.bytes.data() + 6, 6);
    std::string line = describe(sent.bytes) + " via " + link.name + " to " + host_name(to);
    if (from != mac_of_link(link.name)) line += " FROM " + from.to_string();
    lines.push_back(std::move(line));
  }
  return lines;
}

Lines World::connections() {
  Lines lines;
  for (const auto& worker : workers_) {
    const lb::Connections<V4>& connections = worker->connections();
    for (uint64_t bucket = 0; bucket < connections.table().buckets(); ++bucket) {
      connections.table().visit_bucket(bucket, [&](const lb::Connection<V4>& entry) {
        const lb::Tick left = (connections.deadline_of(entry) - now_) / lb::kTicksPerSecond;
        lines.push_back(fmt::format(
            "{} {:02}:{:02} {} {} {} {}", entry.protocol == lb::Protocol::kTcp ? "TCP" : "UDP",
            left / 60, left % 60, lb::to_string(entry.state),
            entry.outside.to_endpoint().to_string(), entry.virtual_end.to_endpoint().to_string(),
            entry.inside.to_endpoint().to_string()));
      });
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Lines World::holds() {
  Lines lines;
  persistence_->visit([&](const lb::Persistence::Hold& hold) {
    if (!lb::before(now_, hold.ends)) return;
    const auto& service = snapshot_.current().services[V4::service_of_key(hold.client)];
    const lb::Tick left = (hold.ends - now_) / lb::kTicksPerSecond;
    const dataplane::RealServer<V4>* server = service->server_of_slot(hold.server);
    lines.push_back(
        fmt::format("{} {:02}:{:02} {} {}:0 {} {}", lb::to_string(service->protocol), left / 60,
                    left % 60, hold.assured ? "ASSURED" : "NONE",
                    lb::IpAddress(V4::client_of_key(hold.client)).to_string(),
                    service->end.to_endpoint().to_string(),
                    server != nullptr ? server->end.to_endpoint().to_string() : "gone"));
  });
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string World::load(const std::string& service, const std::string& server) {
  const uint32_t slot = server_slots_.at(service + " " + server);
  const scheduler::ServerLoad load = scheduler::LoadView(all_loads_).of(slot);
  return fmt::format("{}/{}", static_cast<uint32_t>(load.active),
                     static_cast<uint32_t>(load.inactive));
}

const lb::Traffic& World::traffic(const std::string& service, const std::string& server) {
  const uint32_t slot = server_slots_.at(service + " " + server);
  using Figure = lb::Counter<uint64_t> lb::Traffic::*;
  for (const Figure figure :
       {&lb::Traffic::connections, &lb::Traffic::packets_in, &lb::Traffic::packets_out,
        &lb::Traffic::bytes_in, &lb::Traffic::bytes_out}) {
    uint64_t sum = 0;
    for (const auto& own : own_) sum += (own->traffic[slot].*figure).reader_get();
    (traffic_sum_.*figure).set(sum);
  }
  return traffic_sum_;
}

uint64_t World::refused(const std::string& service) {
  uint64_t sum = 0;
  for (const auto& own : own_) sum += own->refused[service_slots_.at(service)].reader_get();
  return sum;
}

uint64_t World::turns_taken(const std::string& service) {
  return turns_[service_slots_.at(service)].load(std::memory_order_relaxed);
}

uint64_t World::count(lb::Counter<uint64_t> dataplane::WorkerCounters::*counter) {
  uint64_t sum = 0;
  for (const auto& worker : workers_) sum += (worker->counters().*counter).reader_get();
  return sum;
}

uint64_t World::dropped(size_t reason) {
  uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->counters().drops[reason].reader_get();
  return sum;
}

std::string World::drops() {
  std::string text;
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    const uint64_t count = dropped(i);
    const uint64_t fresh = count - std::exchange(drops_seen_[i], count);
    if (fresh == 0) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", lb::kDropReasonTexts[i].name, fresh);
  }
  return text;
}

// What several workers have noticed is one event.
Lines World::events() {
  Lines lines;
  for (const auto& worker : workers_) {
    Lines own;
    for (dataplane::Event event; worker->control_take_event(event);) {
      own.push_back(text_of_event(event, setup_.links[event.link].name));
    }
    for (std::string& line : own) {
      const bool first = worker == workers_.front();
      if (first || std::find(lines.begin(), lines.end(), line) == lines.end()) {
        lines.push_back(std::move(line));
      }
    }
  }
  return lines;
}

}  // namespace dataplane_test
