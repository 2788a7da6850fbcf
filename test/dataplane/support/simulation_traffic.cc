// What the hosts of a simulation send.
#include <fmt/format.h>

#include <algorithm>

#include "test/dataplane/support/simulated_hosts.h"
#include "test/dataplane/support/simulation.h"

namespace dataplane_test {

using namespace simulated;

void Simulation::put(dataplane::LinkNumber link, const Frame& frame) {
  wire_.push_back({link, frame.build(world_.mac_of_link(link == kWan ? "wan" : "lan"))});
}

uint32_t Simulation::number(uint32_t flow, bool from_opener, bool proves) {
  numbered_.push_back(
      {.flow = flow, .from_opener = from_opener, .proves = proves, .made = world_.now()});
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
  flow.near = fmt::format("{}:{}", random_.of(kClients), port);
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
  flow.near = fmt::format("{}:{}", random_.of(kServers), 3000 + random_.below(4));
  flow.far = fmt::format("{}:{}", random_.of(kClients), 443 + random_.below(2));
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
  const std::string& from =
      from_opener        ? flow.near
      : flow.from_inside ? flow.far
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

// Sends something, or takes what has come.
void Simulation::let_the_kernel() {
  if (random_.chance(10)) world_.to_kernel();
  if (random_.chance(80)) return;
  const std::string& client = random_.of(kClients);
  world_.from_kernel("wan", udp("10.1.0.1:50000", client + ":9")
                                .from_mac(world_.mac_of_link("wan"))
                                .to_mac(mac_of(client))
                                .build({}));
}

// An ICMP error about what the director has sent, to whom its packet names as the sender.
void Simulation::complain() {
  if (recent_.empty()) return;
  const Bytes& about = random_.of(recent_);
  const std::string to = dotted(get32(about, 12));
  const bool inside = dotted(get32(about, 16)).starts_with("10.2.");
  static constexpr std::array<uint8_t, 2> kKinds[] = {{3, 1}, {3, 3}, {3, 4}, {11, 0}};
  const auto [type, code] = random_.of(kKinds);
  const uint32_t rest = code == 4 ? 400 + random_.below(1200) : 0;
  const Bytes quote(about.begin(), about.begin() + static_cast<std::ptrdiff_t>(
                                                       std::min<size_t>(about.size(), 64)));
  put(inside ? kLan : kWan,
      icmp(inside ? kServers[0] : kClients[0], to, type, code, rest).data(quote));
}

void Simulation::chat() {
  const std::string& client = random_.of(kClients);
  const std::string& server = random_.of(kServers);
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

}  // namespace dataplane_test
