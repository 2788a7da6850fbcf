#include "control/worker_explanation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "conf/keys.h"
#include "control/quorum.h"
#include "control/table_facts.h"
#include "dataplane/methods.h"
#include "dataplane/tunnel.h"

namespace control {
namespace {

using lb::V4;
using Packet = dataplane::Packet<V4>;
using Question = dataplane::PathInspection;
using Service = dataplane::VirtualService<V4>;
using Outcome = Explanation::Outcome;

// A snapshot may be published and the owner unknown when the first question is asked.
constexpr int kQuestions = 8;

std::expected<std::unique_ptr<Question>, std::string> ask(const Explained& director,
                                                          const ExplainQuery& query,
                                                          const Wait& wait) {
  const lb::End<V4> destination = lb::End<V4>::from(query.destination);
  const auto slot = director.snapshot.endpoints.find(destination, query.protocol);
  dataplane::WorkerNumber worker = 0;
  for (int questions = 0; questions < kQuestions; ++questions) {
    auto question = std::make_unique<Question>();
    question->protocol = query.protocol;
    question->source = lb::End<V4>::from(query.client);
    question->destination = destination;
    if (slot) question->choice.ambiguous.reserve(director.snapshot.services[*slot]->servers.size());
    auto answer = inspect_path(*director.workers[worker], std::move(question), wait);
    if (!answer) return answer;
    if ((*answer)->snapshot == &director.snapshot && (*answer)->owner == worker) return answer;
    worker = (*answer)->owner;
  }
  return std::unexpected("the worker does not take over what was changed; is it stuck?");
}

const conf::Service* configured(const Explained& director, uint32_t slot) {
  for (const conf::Service& service : director.config.services) {
    if (director.roster.find(key_of(service))->slot == slot) return &service;
  }
  return nullptr;
}

std::string other_services(const Explained& director, const ExplainQuery& query) {
  std::vector<std::string> others;
  for (const auto& [key, entry] : director.roster.services()) {
    if (key.address.address != query.destination.address) continue;
    others.push_back(fmt::format("{} ({}:{}{})", entry.last.name, lb::to_string(key.protocol),
                                 key.address.port == 0 ? "*" : std::to_string(key.address.port),
                                 entry.leaving ? ", leaving" : ""));
  }
  return fmt::format("{}", fmt::join(others, ", "));
}

std::string why_none(const Explained& director, const ExplainQuery& query, uint32_t service) {
  const std::string address = query.destination.address.to_string();
  if (service == Packet::kMasqueraded) {
    return fmt::format("{} is one of masquerade's ports", query.destination.to_string());
  }
  if (const std::string others = other_services(director, query); !others.empty()) {
    return fmt::format("none on {} port {}; the address has {}", lb::to_string(query.protocol),
                       query.destination.port, others);
  }
  if (const auto* interface = director.config.interface_with(query.destination.address)) {
    return fmt::format("none has {}, which is interface {}'s", address, interface->name);
  }
  return fmt::format("none has {}, nor does the director", address);
}

void tell_service(const Explained& director, const Question& answer, Explanation& result) {
  const Roster::Service* entry =
      answer.service < Packet::kMasqueraded ? director.roster.at(answer.service) : nullptr;
  if (entry == nullptr) {
    result.why_service = why_none(director, result.query, answer.service);
    return;
  }
  result.service = entry->last.name;
  result.scheduler = entry->last.scheduler;
  result.why_service = entry->leaving ? "deleted; only the connections that it has go on"
                       : entry->last.address.port == 0
                           ? fmt::format("has every port of {} that no other service has",
                                         entry->last.address.address.to_string())
                           : fmt::format("has {}", entry->last.address.to_string());
}

void tell_refusal(lb::DropReason reason, Explanation& result) {
  const lb::DropReasonText& text = lb::kDropReasonTexts[static_cast<size_t>(reason)];
  result.outcome = Outcome::kRefused;
  result.drop_reason = text.name;
  result.why = text.description;
}

// --- the choice of a server

scheduler::Request request_of(const Explained& director, const Question& answer,
                              std::atomic<uint64_t>& memory) {
  return {.turn = answer.choice.turn,
          .loads = scheduler::LoadView(director.loads),
          .overloads = scheduler::Overloads(director.limits.flags()),
          .client = V4::fold(answer.source.address),
          .destination = V4::fold(answer.destination.address),
          .client_port = answer.source.port.value(),
          .random = answer.choice.random,
          .memory = &memory};
}

constexpr const char* kAmbiguous =
    "ambiguous: it has a connection of this client's port by another service";
constexpr const char* kDisplaces =
    "no other can have it: its closing connection of this client's port by another service ends";

std::string closed_text(const conf::Server& server) {
  switch (server.state) {
    case conf::ServerState::kReady:
      return server.weight == 0 ? "weight 0" : "";
    case conf::ServerState::kDrain:
      return "drains";
    case conf::ServerState::kMaint:
      return "in maintenance";
  }
  return {};
}

std::string why(const Explained& director, const Service& service, const conf::Server& server,
                uint32_t position, const Question& answer) {
  const Question::Choice& choice = answer.choice;
  std::vector<std::string> reasons;
  const uint32_t slot = service.servers[position].slot;
  if (choice.held == slot) {
    reasons.push_back(choice.is_led ? "the client holds to it" : "the client's hold to it is left");
  }
  if (std::string closed = closed_text(server); !closed.empty()) reasons.push_back(closed);
  if (server.upper_threshold != 0 && director.limits.is_overloaded(slot)) {
    const uint64_t connections = director.limits.connections(slot);
    reasons.push_back(fmt::format("full: has {}, upper threshold {}{}", connections,
                                  server.upper_threshold,
                                  connections < server.upper_threshold
                                      ? ", and was not yet below the lower one since it had that"
                                      : ""));
  }
  if (choice.is_led) {
    if (choice.held != slot) return "the client holds to another";
    if (!choice.chosen) reasons.push_back(kAmbiguous);
    return fmt::format("{}", fmt::join(reasons, "; "));
  }
  if (std::ranges::find(choice.ambiguous, position) != choice.ambiguous.end()) {
    reasons.push_back(choice.chosen == position ? kDisplaces : kAmbiguous);
  } else if (choice.chosen == position && choice.picked != position) {
    reasons.push_back("next in order that can have it");
  }
  std::atomic<uint64_t> memory = choice.memory;
  std::string verdict =
      service.plan->verdict(position, choice.picked, request_of(director, answer, memory));
  // Of a server that takes nothing it matters only where that is why none was found.
  const bool matters =
      reasons.empty() || choice.chosen == position || choice.picked == position || !choice.picked;
  if (matters && !verdict.empty()) reasons.push_back(std::move(verdict));
  return fmt::format("{}", fmt::join(reasons, "; "));
}

void tell_servers(const Explained& director, const Question& answer, Explanation& result) {
  const Service& service = *director.snapshot.services[answer.service];
  const conf::Service* config = configured(director, answer.service);
  if (config == nullptr) return;
  const Roster::Service& entry = *director.roster.find(key_of(*config));
  const scheduler::LoadView loads(director.loads);
  std::map<uint32_t, uint32_t> positions;  // in the snapshot, by slot
  for (uint32_t i = 0; i < service.servers.size(); ++i) positions[service.servers[i].slot] = i;
  const auto tell = [&](const conf::Server& server, std::string_view state,
                        const char* why_absent) {
    const std::string closed = closed_text(server);
    const Roster::Server& member = entry.servers.at(server.address);
    const auto position = positions.find(member.slot);
    const bool present = position != positions.end();
    const lb::Endpoint address =
        present ? service.servers[position->second].end_for(answer.destination).to_endpoint()
                : server.address;
    const scheduler::ServerLoad load = loads.of(member.slot);
    if (answer.choice.held == member.slot) result.held = address;
    result.servers.push_back({.address = address,
                              .forward = server.forward,
                              .weight = server.weight,
                              .state = std::string(state),
                              .active_connections = load.active,
                              .inactive_connections = load.inactive,
                              .upper_threshold = server.upper_threshold,
                              .lower_threshold = server.lower_threshold,
                              .chosen = present && answer.choice.chosen == position->second,
                              .why = present
                                         ? why(director, service, server, position->second, answer)
                                     : member.health == Health::kDown ? "down"
                                     : !closed.empty()                ? closed
                                                                      : why_absent});
  };
  for (const conf::Server& server : config->servers) {
    tell(server, conf::to_string(server.state), "the quorum is lost: the sorry server serves");
  }
  if (const auto& sorry = config->sorry_server) {
    tell(*sorry, sorry_server_serves(*config, entry) ? "sorry" : "standby",
         "the sorry server: the quorum is there");
  }
}

// --- what leaves

lb::Connection<V4> connection_to_be(const Explained& director, const Question& answer) {
  lb::Connection<V4> entry{};
  entry.protocol = answer.protocol;
  if (answer.masquerade) {
    entry.outside = answer.destination;
    entry.virtual_end = {answer.masquerade->address, answer.masquerade_port};
    entry.inside = answer.source;
    entry.method = dataplane::find_method("nat").value();
    return entry;
  }
  if (answer.reply_of) {
    entry.outside = answer.destination;
    entry.virtual_end = answer.reply_of->virtual_end;
    entry.inside = answer.source;
    entry.method = dataplane::find_method("nat").value();
    return entry;
  }
  const auto& server = director.snapshot.services[answer.service]->servers[*answer.choice.chosen];
  entry.outside = answer.source;
  entry.virtual_end = answer.destination;
  entry.inside = server.end_for(answer.destination);
  entry.method = server.method;
  return entry;
}

// Lets the method itself change a packet of headers alone.
Explanation::Rewrite rewrite(const Question& answer, const lb::Connection<V4>& entry) {
  using dataplane::Ipv4Header, dataplane::UdpHeader, dataplane::view;
  std::array<uint8_t, 128> bytes{};
  Packet packet{};
  packet.ip = bytes.data() + bytes.size() / 2;
  packet.ip_header_length = sizeof(Ipv4Header);
  packet.length = sizeof(Ipv4Header) + sizeof(dataplane::TcpHeader);
  packet.set_ends(answer.source, answer.destination, answer.protocol);
  auto& before = view<Ipv4Header>(packet.ip);
  before.version_and_length = dataplane::Ipv4Header::kPlain;
  before.total_length = lb::Be16(packet.length);
  before.fragment = lb::Be16(Ipv4Header::kDontFragment);
  before.protocol = static_cast<uint8_t>(answer.protocol);
  before.source = answer.source.address;
  before.destination = answer.destination.address;
  auto& ports = view<UdpHeader>(packet.transport());
  ports.source_port = answer.source.port;
  ports.destination_port = answer.destination.port;
  if (answer.protocol == lb::Protocol::kUdp) ports.length = lb::Be16(sizeof(UdpHeader));

  const dataplane::Method<V4>& method = dataplane::methods<V4>()[entry.method];
  if (answer.inbound) {
    method.rewrite_inbound(packet, entry, answer.hop->source);
  } else {
    method.outbound(packet, entry);
  }
  Explanation::Rewrite result;
  result.forward = method.name;
  const uint8_t* ip = packet.ip;
  if (const auto& outer = view<Ipv4Header>(ip); outer.protocol == dataplane::kProtocolIpip) {
    result.tunnel = std::pair(lb::IpAddress(outer.source), lb::IpAddress(outer.destination));
    ip += sizeof(Ipv4Header);
  }
  const auto& after = view<Ipv4Header>(ip);
  const auto& after_ports = view<UdpHeader>(ip + sizeof(Ipv4Header));
  result.source = lb::End<V4>{after.source, after_ports.source_port}.to_endpoint();
  result.destination = lb::End<V4>{after.destination, after_ports.destination_port}.to_endpoint();
  return result;
}

Explanation::NextHop next_hop(const Explained& director, const Question& answer,
                              lb::Ipv4Address destination, uint32_t overhead) {
  const dataplane::Neighbour<V4>& hop = *answer.hop;
  Explanation::NextHop result;
  result.neighbour = neighbour_facts(hop, answer.now, director.config);
  if (hop.state == dataplane::NeighbourState::kFree) result.neighbour.state = "unknown";
  result.source_mac = hop.header.source;
  result.is_gateway = hop.address != destination;
  result.link_mtu = hop.mtu;
  result.path_mtu = answer.room < hop.mtu ? answer.room : 0;
  result.overhead = overhead;
  result.largest = answer.room - overhead;
  return result;
}

void tell_way(const Explained& director, const Question& answer, Explanation& result) {
  if (result.outcome == Outcome::kRouted) {
    result.next_hop = next_hop(director, answer, answer.destination.address, 0);
    return;
  }
  const lb::Connection<V4> entry = result.outcome == Outcome::kConnection
                                       ? *answer.connection
                                       : connection_to_be(director, answer);
  const uint32_t overhead =
      answer.inbound ? dataplane::methods<V4>()[entry.method].overhead : uint32_t{0};
  result.rewrite = rewrite(answer, entry);
  result.next_hop = next_hop(
      director, answer, answer.inbound ? entry.inside.address : entry.outside.address, overhead);
}

// --- the whole

void tell_connection(const Explained& director, const Question& answer, Explanation& result) {
  const lb::Connection<V4>& entry = *answer.connection;
  result.connection = Explanation::Connection{
      connection_facts(entry, answer.now, director.snapshot.timeouts, director.roster),
      answer.inbound, (entry.flags & entry.kCut) != 0};
}

void tell_outcome(const Explained& director, const Question& answer, Explanation& result) {
  const bool is_tcp = answer.protocol == lb::Protocol::kTcp;
  if (answer.refused) {
    tell_refusal(*answer.refused, result);
    if (answer.gives_way) {
      result.why += "; a SYN ends this connection first, anything else goes on with it";
    }
  } else if (answer.choice.chosen) {
    result.outcome = Outcome::kNew;
    const bool is_kept = !director.snapshot.services[answer.service]->one_packet;
    result.why = answer.gives_way ? "a SYN ends this connection and opens a new one; anything else "
                                    "goes on with it"
                 : is_tcp         ? "a SYN opens a connection; anything else earns a reset"
                 : !is_kept       ? "is scheduled by itself; no connection is kept"
                                  : "opens a connection";
  } else if (answer.connection) {
    result.outcome = Outcome::kConnection;
    result.why = result.connection->cut ? "was cut: both ends are sent resets"
                 : answer.inbound       ? "goes on with its connection, to the real server"
                                        : "goes on with its connection, to the client";
  } else if (answer.reply_of) {
    const Roster::Service* service = director.roster.at(answer.reply_of->service);
    result.outcome = Outcome::kReply;
    result.why = fmt::format("is a reply of {}, which keeps no connections",
                             service != nullptr ? service->last.name : "a service");
  } else if (answer.masquerade) {
    result.outcome = Outcome::kMasquerade;
    result.why = fmt::format("from {}, which is masqueraded on {}: {} opens a connection",
                             answer.masquerade->source.to_string(),
                             director.config.interfaces[answer.masquerade->interface].name,
                             is_tcp ? "a SYN" : "it");
  } else if (answer.to_kernel) {
    result.outcome = Outcome::kKernel;
    result.why = "goes to the kernel, whose twin of the interface has the address";
  } else {
    result.outcome = Outcome::kRouted;
    result.why = "is routed as it is";
  }
}

}  // namespace

std::expected<Explanation, std::string> explain(const Explained& director,
                                                const ExplainQuery& query, const Wait& wait) {
  if (!query.client.address.is_ipv4() || !query.destination.address.is_ipv4()) {
    return std::unexpected("IPv6 is not supported yet");
  }
  const auto asked = ask(director, query, wait);
  if (!asked) return std::unexpected(asked.error());
  const Question& answer = **asked;
  Explanation result;
  result.query = query;
  result.worker = answer.owner;
  tell_service(director, answer, result);
  if (answer.connection) tell_connection(director, answer, result);
  tell_outcome(director, answer, result);
  if (answer.chooses) tell_servers(director, answer, result);
  if (answer.hop && result.outcome != Outcome::kRefused) tell_way(director, answer, result);
  return result;
}

}  // namespace control
