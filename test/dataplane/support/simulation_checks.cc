// What leaves the director of a simulation, and whether it may.
#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "scheduler/table.h"
#include "test/dataplane/support/describe.h"
#include "test/dataplane/support/simulated_hosts.h"
#include "test/dataplane/support/simulation.h"

namespace dataplane_test {

using namespace simulated;

namespace {

std::string end_at(View ip, size_t address, size_t port) {
  return fmt::format("{}:{}", dotted(get32(ip, address)), get16(ip, (ip[0] & 15) * 4u + port));
}

}  // namespace

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
  const uint64_t rewritten = flow.from_inside ? uint64_t{get32(ip, 12)} << 16 | get16(ip, header)
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
      servers.push_back({.slot = static_cast<uint32_t>(servers.size()), .weight = server.weight});
      opened.push_back(world_.traffic(service.name(), server.address).connections.reader_get());
    }
    const uint64_t turns = world_.turns_taken(service.name());
    const uint64_t refused = world_.refused(service.name());
    if (weather_.swaps) continue;  // servers that have gone are not in the sum
    const uint64_t sum = std::accumulate(opened.begin(), opened.end(), refused);
    if (sum != turns) {
      faults += fmt::format("{}: {} turns taken for {} connections; ", service.name(), turns, sum);
    }
    // A server's own UDP packets to a client's port may make that port ambiguous.
    const bool ambiguous =
        weather_.shared_ports || (weather_.masquerade && service.protocol == "udp");
    if (ambiguous || refused > 0) continue;
    const auto plan = scheduler::find(service.scheduler)->compile(servers, {});
    for (uint64_t turn = 0; turn < turns; ++turn)
      ++due[*plan->pick({turn, scheduler::LoadView({})})];
    for (size_t i = 0; i < due.size(); ++i) {
      if (due[i] == opened[i]) continue;
      faults += fmt::format("{}: {} has {} connections, its due is {} of {}; ", service.name(),
                            service.servers[i].address, opened[i], due[i], turns);
    }
  }
  return faults;
}

}  // namespace dataplane_test
