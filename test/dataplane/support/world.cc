#include "test/dataplane/support/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

#include "scheduler/table.h"
#include "test/dataplane/support/describe.h"

namespace dataplane_test {
namespace {

using lb::V4;

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

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return capitals;
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
      figures_(setup_.workers, kSlots, kSlots),
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
            "{} {:02}:{:02} {} {} {} {}", in_capitals(lb::to_string(entry.protocol)), left / 60,
            left % 60, lb::to_string(entry.state), entry.outside.to_endpoint().to_string(),
            entry.virtual_end.to_endpoint().to_string(), entry.inside.to_endpoint().to_string()));
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
  const scheduler::ServerLoad load = figures_.load(slot);
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
    for (dataplane::WorkerNumber i = 0; i < setup_.workers; ++i) {
      sum += (figures_.traffic(i, slot).*figure).reader_get();
    }
    (traffic_sum_.*figure).set(sum);
  }
  return traffic_sum_;
}

uint64_t World::refused(const std::string& service) {
  return figures_.refused(service_slots_.at(service));
}

uint64_t World::turns_taken(const std::string& service) {
  return figures_.turns(service_slots_.at(service));
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
