#include "test/dataplane/support/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "scheduler/table.h"
#include "test/dataplane/support/describe.h"

namespace dataplane_test {
namespace {

constexpr uint32_t kSteps = 40;
constexpr uint32_t kFirstTag = 0x10000000;  // what the director makes itself carries no such number
constexpr dataplane::LinkNumber kWan = 0, kLan = 1;

// The last ones of each are no static neighbours.
const std::vector<std::string> kClients = {"10.1.0.10", "10.1.0.11", "10.1.0.12", "10.1.0.13"};
const std::vector<std::string> kServers = {"10.2.0.11", "10.2.0.12", "10.2.0.13", "10.2.0.14"};

std::string dotted(uint32_t a) {
  return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

std::string host_of(const std::string& end) { return end.substr(0, end.find(':')); }

std::string end_at(View ip, size_t address, size_t port) {
  return fmt::format("{}:{}", dotted(get32(ip, address)), get16(ip, (ip[0] & 15) * 4u + port));
}

std::string name_of(const ServiceSetup& service) {
  return service.protocol + " " + service.address;
}

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
  if (!world_.begin_cut(name_of(service), servers)) std::abort();
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
    const size_t which = random_.chance(25) ? random_.below(static_cast<uint32_t>(wire_.size())) : 0;
    world_.io().put(wire_[which].link, wire_[which].frame);
    wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(which));
  }
}

// --- traffic

void Simulation::put(dataplane::LinkNumber link, const Frame& frame) {
  wire_.push_back({link, frame.build(world_.mac_of_link(link == kWan ? "wan" : "lan"))});
}

uint32_t Simulation::number(uint32_t flow, bool from_opener, bool proves) {
  numbered_.push_back({.flow = flow, .from_opener = from_opener, .proves = proves, .made = world_.now()});
  return kFirstTag + static_cast<uint32_t>(numbered_.size() - 1);
}

void Simulation::make_something() {
  const uint32_t dice = random_.below(100);
  if (dice < 25 || flows_.empty()) return open_flow();
  if (dice < 30 && weather_.masquerade) return open_from_inside();
  // Rather one of the newest.
  const auto count = static_cast<uint32_t>(flows_.size());
  const uint32_t index =
      random_.chance(70) ? count - 1 - random_.below(std::min(count, 12u)) : random_.below(count);
  if (dice < 65) return go_on(flows_[index], index);
  if (dice < 88) return answer(flows_[index], index);
  if (dice < 94) return complain();
  chat();
}

void Simulation::open_flow() {
  Flow flow;
  flow.service = random_.below(static_cast<uint32_t>(at_first_.size()));
  flow.tcp = at_first_[flow.service].protocol == "tcp";
  const bool again = random_.chance(weather_.shared_ports ? 50 : 5);
  const uint32_t port = again ? 1024 + random_.below(40) : next_port_++;
  flow.near = fmt::format("{}:{}", random_.of(const_cast<std::vector<std::string>&>(kClients)), port);
  flow.far = at_first_[flow.service].address;
  const uint32_t index = add(flow);
  // The same at once again, now and then.
  for (uint32_t times = random_.chance(20) ? 3 : 1; times > 0; --times) {
    send(flows_[index], index, true, "S");
  }
}

void Simulation::open_from_inside() {
  Flow flow;
  flow.from_inside = true;
  flow.tcp = random_.chance(60);
  flow.near = fmt::format("{}:{}", kServers[random_.below(4)], 3000 + random_.below(4));
  flow.far = fmt::format("{}:{}", kClients[random_.below(4)], 443 + random_.below(2));
  const uint32_t index = add(flow);
  send(flows_[index], index, true, "S");
}

uint32_t Simulation::add(Flow flow) {
  const auto index = static_cast<uint32_t>(flows_.size());
  const auto [newest, is_new] =
      newest_.emplace(fmt::format("{} {} > {}", flow.tcp, flow.near, flow.far), index);
  if (!is_new) {
    flow.alone = flows_[newest->second].alone = false;
    newest->second = index;
  }
  flows_.push_back(std::move(flow));
  return index;
}

void Simulation::go_on(Flow& flow, uint32_t index) {
  const uint32_t dice = random_.below(100);
  const char* flags = dice < 75 ? "A" : dice < 82 ? "S" : dice < 90 ? "PA" : dice < 96 ? "FA" : "R";
  send(flow, index, true, flags);
}

// From whom the opener's packets were last seen to go to.
void Simulation::answer(Flow& flow, uint32_t index) {
  if (flow.last_seen == 0 || (!flow.comes_back && random_.chance(80))) return;
  const uint32_t dice = random_.below(100);
  const char* flags = dice < 40 ? "SA" : dice < 85 ? "A" : dice < 95 ? "FA" : "RA";
  send(flow, index, false, flags);
}

void Simulation::send(Flow& flow, uint32_t index, bool from_opener, std::string_view flags) {
  const std::string& from = from_opener ? flow.near
                            : flow.from_inside
                                ? flow.far
                                : fmt::format("{}:{}", dotted(static_cast<uint32_t>(flow.last_seen >> 16)),
                                              flow.last_seen & 0xffff);
  const std::string& to = from_opener ? flow.far : flow.from_inside ? flow.seen_as : flow.near;
  if (to.empty()) return;
  const bool ends = flow.tcp && flags.find_first_of("FR") != flags.npos;
  if (ends) flow.closing = true;
  const bool proves = from_opener && (!flow.tcp || (!ends && flags.find('A') != flags.npos));
  const dataplane::LinkNumber link = from_opener == flow.from_inside ? kLan : kWan;
  const uint32_t tag = number(index, from_opener, proves);
  const uint32_t dice = random_.below(100);
  const size_t length = dice < 80 ? random_.below(32) : random_.below(dice < 96 ? 1460 : 4000);
  Bytes data;
  if (!flow.tcp) append32(data, tag);
  data.resize(data.size() + length, 7);
  Frame frame = flow.tcp ? tcp(from, to).flags(flags).seq(tag) : udp(from, to);
  frame.data(data);
  if (random_.chance(30)) frame.may_fragment();
  if (random_.below(200) == 0) frame.ttl(1);
  if (length > 1460 || (length > 64 && random_.chance(30))) {
    send_in_fragments(link, frame, host_of(from), host_of(to), flow.tcp ? 6 : 17);
  } else {
    put(link, frame);
  }
}

// In any order; one of them lost at times, or sent twice.
void Simulation::send_in_fragments(dataplane::LinkNumber link, const Frame& frame,
                                   const std::string& from, const std::string& to,
                                   uint8_t protocol) {
  const Bytes whole = frame.build(world_.mac_of_link("wan"));
  const View payload = View(whole).subspan(34);
  const uint16_t id = next_id_++;
  const size_t each = 24 + 8 * random_.below(150);
  std::vector<Frame> pieces;
  for (size_t at = 0; at < payload.size(); at += each) {
    const View part = payload.subspan(at, std::min(each, payload.size() - at));
    const bool more = at + part.size() < payload.size();
    pieces.push_back(ip(from, to, protocol)
                         .id(id)
                         .data(Bytes(part.begin(), part.end()))
                         .fragment(static_cast<uint16_t>((more ? 0x2000 : 0) | at / 8)));
  }
  if (random_.chance(5)) pieces.pop_back();
  if (pieces.size() > 1 && random_.chance(5)) pieces.push_back(random_.of(pieces));
  while (!pieces.empty()) {
    const size_t which = random_.below(static_cast<uint32_t>(pieces.size()));
    put(link, pieces[which]);
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(which));
  }
}

// An ICMP error about what the director has sent, to whom its packet names as the sender.
// Sends something, or takes what has come.
void Simulation::let_the_kernel() {
  if (random_.chance(10)) world_.to_kernel();
  if (random_.chance(80)) return;
  const std::string& client = kClients[random_.below(4)];
  world_.from_kernel("wan", udp("10.1.0.1:50000", client + ":9")
                                .from_mac(world_.mac_of_link("wan"))
                                .to_mac(mac_of(client))
                                .build({}));
}

void Simulation::complain() {
  if (recent_.empty()) return;
  const Bytes& about = random_.of(recent_);
  const std::string to = dotted(get32(about, 12));
  const bool inside = dotted(get32(about, 16)).starts_with("10.2.");
  static constexpr std::array<uint8_t, 2> kKinds[] = {{3, 1}, {3, 3}, {3, 4}, {11, 0}};
  const auto [type, code] = kKinds[random_.below(4)];
  const uint32_t rest = code == 4 ? 400 + random_.below(1200) : 0;
  const Bytes quote(about.begin(),
                    about.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(about.size(), 64)));
  put(inside ? kLan : kWan,
      icmp(inside ? kServers[0] : kClients[0], to, type, code, rest).data(quote));
}

void Simulation::chat() {
  const std::string& client = kClients[random_.below(4)];
  const std::string& server = kServers[random_.below(4)];
  switch (random_.below(8)) {
    case 0:
      return put(kWan, arp_request(client, "10.1.0.100"));
    case 1:
      return put(kLan, arp_request(server, "10.2.0.1"));
    case 2:
      return put(kWan, echo_request(client, "10.1.0.100"));
    case 3:
      return put(kLan, echo_request(server, client));
    case 4:
      return put(kWan, tcp(client + ":9", "10.1.0.1:9").flags("S"));
    case 5:
      return put(kLan, udp(server + ":9", client + ":9"));
    case 6:
      return put(kWan, arp_reply(client, "10.1.0.1"));
    case 7:
      return put(kWan, ip(client, "10.1.0.1", 112).data(8));
  }
}

// --- what leaves

void Simulation::look(const SentFrame& sent) {
  if (!has_right_ip_checksum(sent.bytes)) fault("a wrong IP checksum was sent; ");
  const View payload = View(sent.bytes).subspan(14);
  if (get16(sent.bytes, 12) == 0x0806) {
    // Most questions are answered.
    if (get16(payload, 6) != 1 || random_.chance(20)) return;
    put(sent.link, arp_reply(dotted(get32(payload, 24)), dotted(get32(payload, 14))));
    return;
  }
  const uint32_t hop = get32(sent.bytes, 2);  // mac_of
  if (recent_.size() < 8) {
    recent_.emplace_back(payload.begin(), payload.end());
  } else if (random_.chance(20)) {
    random_.of(recent_) = Bytes(payload.begin(), payload.end());
  }
  look_at_ip(sent.link, payload, hop);
}

void Simulation::look_at_ip(dataplane::LinkNumber link, View ip, uint32_t hop) {
  if ((get16(ip, 6) & 0x1fff) != 0) return;  // only the first fragment is known by its number
  const View segment = ip.subspan((ip[0] & 15) * 4u);
  switch (ip[9]) {
    case 4:
      return look_at_ip(link, segment, hop);
    case 6:
    case 17: {
      const size_t at = ip[9] == 6 ? 4 : 8;
      if (segment.size() < at + 4) return;
      const uint32_t tag = get32(segment, at) - kFirstTag;
      if (tag >= numbered_.size()) return;
      Numbered& packet = numbered_[tag];
      if (std::exchange(packet.left, true)) fault(fmt::format("packet {} left twice; ", tag));
      return check(packet, tag, ip, hop);
    }
  }
}

// Whether every packet of the flow must go the one way that has been seen.
bool Simulation::is_pinned(const Flow& flow) const {
  const lb::Tick lasts = (flow.tcp ? 900 : 300) * lb::kTicksPerSecond;
  return flow.alone && !flow.closing && flow.rewritten != 0 && world_.now() - flow.proven < lasts;
}

void Simulation::check(const Numbered& packet, uint32_t tag, View ip, uint32_t hop) {
  Flow& flow = flows_[packet.flow];
  if (!packet.from_opener) return check_reply(flow, tag, ip);
  const size_t header = (ip[0] & 15) * 4u;
  const uint64_t rewritten =
      flow.from_inside ? uint64_t{get32(ip, 12)} << 16 | get16(ip, header)
                       : uint64_t{hop} << 16 | get16(ip, header + 2);
  if (flow.from_inside) {
    // What starts nothing is no new connection's and is routed.
    if (!is_pinned(flow) && end_at(ip, 12, 0) == flow.near) return;
    flow.seen_as = end_at(ip, 12, 0);
    if (!flow.seen_as.starts_with("10.1.0.1:")) {
      fault(fmt::format("{} was seen as {}; ", flow.near, flow.seen_as));
    }
  } else if (!dotted(hop).starts_with("10.2.0.1")) {
    // Of a service that is gone for now the address is some host's.
    if (weather_.swaps && dotted(hop) == host_of(flow.far)) return;
    fault(fmt::format("a packet of {} went to {}; ", flow.near, dotted(hop)));
  }
  flow.last_seen = rewritten;
  flow.comes_back = flow.from_inside || get32(ip, 16) == hop;
  if (is_pinned(flow) && rewritten != flow.rewritten) {
    fault(fmt::format("{} > {} went to {}:{} and then to {}:{}; ", flow.near, flow.far,
                      dotted(static_cast<uint32_t>(flow.rewritten >> 16)), flow.rewritten & 0xffff,
                      dotted(static_cast<uint32_t>(rewritten >> 16)), rewritten & 0xffff));
  }
  if (!packet.proves) return;
  if (!is_pinned(flow)) flow.established_by = kFirstTag + static_cast<uint32_t>(numbered_.size());
  flow.rewritten = rewritten;
  flow.proven = packet.made;
}

// A reply that was made after the connection had been established is translated back.
void Simulation::check_reply(const Flow& flow, uint32_t tag, View ip) {
  if (!is_pinned(flow) || !flow.comes_back || kFirstTag + tag < flow.established_by) return;
  const std::string from = end_at(ip, 12, 0), to = end_at(ip, 16, 2);
  if (from == flow.far && to == flow.near) return;
  fault(fmt::format("a reply to {} > {} came as {} > {}; ", flow.near, flow.far, from, to));
}

// --- turns

// A turn is taken by each connection and each refusal, none is lost and none taken twice. Where
// nothing was refused or had to go to another server, every server has just what is its due.
std::string Simulation::audit_turns() {
  std::string faults;
  for (const ServiceSetup& service : at_first_) {
    if (service.scheduler != "rr" && service.scheduler != "wrr") continue;
    // Known clients need no turn, and overloaded servers let theirs pass.
    if (service.persistence_timeout > 0 || service.servers.front().upper_threshold > 0) continue;
    std::vector<scheduler::Server> servers;
    std::vector<uint64_t> due(service.servers.size()), opened;
    for (const ServerSetup& server : service.servers) {
      servers.push_back(
          {.slot = static_cast<uint32_t>(servers.size()), .weight = server.weight});
      opened.push_back(world_.traffic(name_of(service), server.address).connections.reader_get());
    }
    const uint64_t turns = world_.turns_taken(name_of(service));
    const uint64_t refused = world_.refused(name_of(service));
    if (weather_.swaps) continue;  // servers that have gone are not in the sum
    const uint64_t sum = std::accumulate(opened.begin(), opened.end(), refused);
    if (sum != turns) {
      faults += fmt::format("{}: {} turns taken for {} connections; ", name_of(service), turns, sum);
    }
    // A server's own UDP packets to a client's port may make that port ambiguous.
    const bool ambiguous = weather_.shared_ports || (weather_.masquerade && service.protocol == "udp");
    if (ambiguous || refused > 0) continue;
    const auto plan = scheduler::find(service.scheduler)->compile(servers, {});
    for (uint64_t turn = 0; turn < turns; ++turn) ++due[*plan->pick({turn, scheduler::LoadView({})})];
    for (size_t i = 0; i < due.size(); ++i) {
      if (due[i] == opened[i]) continue;
      faults += fmt::format("{}: {} has {} connections, its due is {} of {}; ", name_of(service),
                            service.servers[i].address, opened[i], due[i], turns);
    }
  }
  return faults;
}

}  // namespace dataplane_test
