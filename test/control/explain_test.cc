// `explain` against the packet path: what it says of a packet is what the packet then meets.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "conf/load.h"
#include "control/vocabulary.h"
#include "dataplane/tunnel.h"
#include "scheduler/table.h"
#include "test/control/explained_packets.h"
#include "tools/replay/facts.h"

namespace control {
namespace {

using dataplane::EthernetHeader, dataplane::view;
using dataplane::Ipv4Header, dataplane::UdpHeader;
using nlohmann::json;
using Outcome = Explanation::Outcome;

// What a frame that left says, in the words of an explanation.
struct Left {
  std::string interface;
  lb::MacAddress mac;
  std::string ends;
  bool operator==(const Left&) const = default;
};

std::string ends_text(const lb::Endpoint& source, const lb::Endpoint& destination,
                      const std::optional<std::pair<lb::IpAddress, lb::IpAddress>>& tunnel) {
  const std::string inner = source.to_string() + " -> " + destination.to_string();
  if (!tunnel) return inner;
  return fmt::format("[{} -> {}] {}", tunnel->first.to_string(), tunnel->second.to_string(), inner);
}

Left read(const replay::SentFrame& sent, const conf::Config& config) {
  const auto& ethernet = view<EthernetHeader>(sent.frame.data());
  const uint8_t* at = sent.frame.data() + sizeof(EthernetHeader);
  std::optional<std::pair<lb::IpAddress, lb::IpAddress>> tunnel;
  if (const auto& outer = view<Ipv4Header>(at); outer.protocol == dataplane::kProtocolIpip) {
    tunnel = std::pair(lb::IpAddress(outer.source), lb::IpAddress(outer.destination));
    at += sizeof(Ipv4Header);
  }
  const auto& ip = view<Ipv4Header>(at);
  const auto& ports = view<UdpHeader>(at + sizeof(Ipv4Header));
  return {config.interfaces[sent.interface].name, ethernet.destination,
          ends_text({lb::IpAddress(ip.source), ports.source_port.value()},
                    {lb::IpAddress(ip.destination), ports.destination_port.value()}, tunnel)};
}

std::vector<Left> ip_frames(replay::Run& run) {
  std::vector<Left> result;
  for (const replay::SentFrame& sent : run.take_sent()) {
    const auto type = view<EthernetHeader>(sent.frame.data()).type.value();
    if (type == dataplane::ethertype::kIpv4) result.push_back(read(sent, run.config()));
  }
  return result;
}

// --- a director, its clients and servers, and what they do, all decided by a number

// Some of what may speak for or against a server.
constexpr const char* kReasons[] = {
    "ambiguous", "full",         "the client holds to it", "next in order", "weight 0",
    "drains",    "least loaded", "the less loaded",        "hashed to"};

class History {
 public:
  explicit History(unsigned seed)
      : random_(seed),
        run_({.config = config(),
              .macs = {*lb::MacAddress::parse("02:ff:00:00:00:01"),
                       *lb::MacAddress::parse("02:ff:00:00:00:02")},
              .answer_arp = true}),
        facts_(run_, "") {
    run_.pass_until(0);
  }

  void step() {
    if (one_in(3)) now_ += below(20'000) * 1'000'000;
    if (one_in(40)) now_ += 400 * replay::kNanosecondsPerSecond;
    run_.pass_until(now_);
    run_.take_sent();
    const ExplainQuery query = next_query();
    const auto told = facts_.explain(query);
    REQUIRE(told);
    const auto again = facts_.explain(query);
    INFO(fmt::format("{} {} -> {}: {}, {}", lb::to_string(query.protocol), query.client.to_string(),
                     query.destination.to_string(), to_string(told->outcome), told->why));
    CHECK(again->why == told->why);
    CHECK(chosen(*again) == chosen(*told));
    ++outcomes_[told->outcome];
    for (const char* reason : kReasons) {
      for (const Explanation::Server& server : told->servers) {
        if (server.why.find(reason) != std::string::npos) ++reasons_[reason];
      }
    }
    meet(*told);
  }

  const std::map<Outcome, unsigned>& outcomes() const { return outcomes_; }
  const std::map<std::string, unsigned>& reasons() const { return reasons_; }

 private:
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  bool one_in(uint32_t odds) { return below(odds) == 0; }
  template <class T>
  const T& any(const std::vector<T>& choices) {
    return choices[below(static_cast<uint32_t>(choices.size()))];
  }

  conf::Config config() {
    json file = {
        {"interfaces",
         {{{"name", "wan"}, {"device", "a"}, {"addresses", {"10.1.0.1/24"}}},
          {{"name", "lan"}, {"device", "b"}, {"addresses", {"10.2.0.1/16"}}, {"mtu", 1400}}}},
        {"routes", json::array({{{"destination", "10.9.0.0/16"}, {"gateway", "10.2.0.254"}}})},
        {"connections", {{"capacity", 1024}}},
        {"services", json::array()}};
    if (one_in(2)) {
      file["routes"].push_back({{"destination", "0.0.0.0/0"}, {"gateway", "10.1.0.254"}});
    }
    if (one_in(2)) file["masquerade"] = {{{"source", "10.2.0.0/16"}, {"interface", "wan"}}};
    std::vector<std::string> services = {"tcp 80", "tcp 81", "udp 53"};
    if (one_in(3)) services.emplace_back("tcp 0");
    for (const std::string& text : services) {
      const bool has_all_ports = text == "tcp 0";
      const bool one_packet = text == "udp 53" && one_in(2);
      // A datagram that waits for ARP is scheduled again, by another random number.
      const auto& known = scheduler::table();
      const auto& scheduler = known[below(one_packet ? 12 : static_cast<uint32_t>(known.size()))];
      REQUIRE((!one_packet || scheduler.name != "twos"));
      json servers = json::array();
      for (uint32_t i = below(6); i > 0; --i) {
        const uint32_t kind = below(8);
        const std::string port = has_all_ports ? "" : ":" + text.substr(4);
        // The services' servers in NAT share ports, so that tuples may be ambiguous.
        servers.push_back(
            {{"address", kind == 0                    ? fmt::format("10.9.4.{}{}", i, port)
                         : kind == 1 || has_all_ports ? fmt::format("10.2.4.{}{}", i, port)
                                                      : fmt::format("10.2.4.{}:8080", i)},
             {"forward", kind == 0   ? "tunnel"
                         : kind == 1 ? "dr"
                                     : "nat"},
             {"weight", below(4)},
             {"upper_threshold", one_in(3) ? 1 + below(4) : 0}});
      }
      file["services"].push_back({{"name", text.substr(0, 3) + text.substr(4)},
                                  {"protocol", text.substr(0, 3)},
                                  {"address", "10.1.0.100:" + text.substr(4)},
                                  {"scheduler", scheduler.name},
                                  {"persistence_timeout", has_all_ports || one_in(3) ? 60 : 0},
                                  {"one_packet", one_packet},
                                  {"servers", servers}});
    }
    const auto config = conf::load(file.dump(), vocabulary());
    if (!config) FAIL(config.error().front().to_string());
    conf::Config result = *config;
    for (conf::Service& service : result.services) {
      for (conf::Server& server : service.servers) {
        if (one_in(8)) server.state = conf::ServerState::kDrain;
        if (one_in(8)) server.state = conf::ServerState::kMaint;
      }
    }
    return result;
  }

  ExplainQuery next_query() {
    ConnectionQuery all;
    all.limit.reset();
    const auto page = facts_.connections(all);
    // A real server's reply, or what it sends of its own accord.
    if (!page->connections.empty() && one_in(4)) {
      const ConnectionFacts& connection = any(page->connections);
      return {connection.protocol, connection.server, connection.client};
    }
    if (one_in(8)) return {protocol(), endpoint("10.2.4.1:8080"), endpoint("10.1.0.77:1024")};
    const std::vector<conf::Server>& answering = run_.config().services[2].servers;
    if (!answering.empty() && one_in(12)) {
      const lb::Endpoint& server = any(answering).address;
      if (server.to_string().starts_with("10.2.")) {
        return {lb::Protocol::kUdp, server, endpoint("10.1.0.77:1024")};
      }
    }
    static const std::vector<std::string> clients = {"10.1.0.10", "10.1.0.10", "10.1.0.10",
                                                     "10.1.0.11", "172.16.0.1"};
    static const std::vector<std::string> places = {"10.1.0.100", "10.1.0.100", "10.1.0.100",
                                                    "10.1.0.1",   "10.2.4.1",   "10.1.0.255",
                                                    "192.0.2.1"};
    static const std::vector<uint16_t> ports = {80, 80, 81, 81, 53, 53, 7};
    lb::Endpoint client = endpoint(any(clients) + ":1");
    if (one_in(20)) client = endpoint("10.1.0.1:1");
    client.port = static_cast<uint16_t>(1000 + below(2));
    lb::Endpoint place = endpoint("10.1.0.100:1");
    if (one_in(4)) place = endpoint(any(places) + ":1");
    place.port = any(ports);
    return {protocol(), client, place};
  }
  lb::Protocol protocol() { return one_in(3) ? lb::Protocol::kUdp : lb::Protocol::kTcp; }

  static std::string chosen(const Explanation& told) {
    for (const Explanation::Server& server : told.servers) {
      if (server.chosen) return server.address.to_string();
    }
    return "";
  }

  uint64_t drops(const std::string& reason) {
    for (const DropFacts& drop : facts_.drops()) {
      if (drop.reason == reason) return drop.count;
    }
    return 0;
  }

  // The server that the packet's connection has.
  std::string server_of(const ExplainQuery& query) {
    const auto page = facts_.connections(
        {.service = {}, .server = {}, .client = {query.client.address, query.client.port}});
    for (const ConnectionFacts& connection : page->connections) {
      if (connection.protocol == query.protocol &&
          connection.virtual_address == query.destination) {
        return connection.server.to_string();
      }
    }
    return "none";
  }

  // What explain weighs still counts a connection that a SYN ends first.
  bool may_weigh_anew(const Explanation& told) {
    return told.connection.has_value() && told.outcome != Outcome::kConnection;
  }

  bool keeps_nothing(const Explanation& told) {
    return told.service == "udp53" && run_.config().services[2].one_packet;
  }

  void meet(const Explanation& told) {
    std::string flags = "S";
    if (told.outcome == Outcome::kConnection && !one_in(3)) {
      flags = any(std::vector<std::string>{"A", "FA", "RA", "SA"});
    }
    const bool from_inside = told.query.client.address.to_string().starts_with("10.2.");
    const size_t interface = from_inside ? 1 : 0;
    const uint64_t dropped = told.drop_reason.empty() ? 0 : drops(told.drop_reason);
    run_.receive(interface, now_, frame_of(told.query, flags, run_.link(interface).mac));
    const std::vector<Left> left = ip_frames(run_);
    if (may_weigh_anew(told)) return;
    if (told.outcome == Outcome::kRefused) {
      CHECK(drops(told.drop_reason) == dropped + 1);
      return;
    }
    REQUIRE(told.next_hop);
    REQUIRE(left.size() == 1);
    CHECK(left[0].interface == told.next_hop->neighbour.interface);
    const auto& rewrite = told.rewrite;
    const std::string ends = rewrite
                                 ? ends_text(rewrite->source, rewrite->destination, rewrite->tunnel)
                                 : ends_text(told.query.client, told.query.destination, {});
    CHECK(left[0].ends == ends);
    CHECK(left[0].mac == replay::mac_for(told.next_hop->neighbour.address.ipv4()));
    if (told.outcome == Outcome::kNew && !keeps_nothing(told)) {
      CHECK(server_of(told.query) == chosen(told));
    }
    if (told.outcome == Outcome::kConnection && told.connection->inbound &&
        told.connection->facts.service != "masquerade") {
      CHECK(server_of(told.query) == told.connection->facts.server.to_string());
    }
  }

  std::mt19937 random_;
  replay::Time now_ = 0;
  replay::Run run_;
  replay::Facts facts_;
  std::map<Outcome, unsigned> outcomes_;
  std::map<std::string, unsigned> reasons_;
};

TEST_CASE("a packet meets what explain said of it") {
  std::map<Outcome, unsigned> outcomes;
  std::map<std::string, unsigned> reasons;
  for (unsigned seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    History history(seed);
    for (int step = 0; step < 60; ++step) history.step();
    for (const auto& [outcome, count] : history.outcomes()) outcomes[outcome] += count;
    for (const auto& [reason, count] : history.reasons()) reasons[reason] += count;
  }
  for (const Outcome outcome : {Outcome::kConnection, Outcome::kNew, Outcome::kReply,
                                Outcome::kMasquerade, Outcome::kRouted, Outcome::kRefused}) {
    INFO(to_string(outcome));
    CHECK(outcomes[outcome] > 100);
  }
  for (const char* reason : kReasons) {
    INFO(reason);
    CHECK(reasons[reason] > 20);
  }
}

TEST_CASE("while the quorum is lost a server is out for its own reason, if it has one") {
  auto config = conf::load(R"({
    "interfaces": [{"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"]}],
    "services": [{"protocol": "tcp", "address": "10.1.0.100:80", "quorum": 3,
                  "sorry_server": {"address": "10.1.0.9"},
                  "servers": [{"address": "10.1.0.11"}, {"address": "10.1.0.12", "weight": 0},
                              {"address": "10.1.0.13"}]}]})",
                           vocabulary());
  REQUIRE(config);
  config->services[0].servers[2].state = conf::ServerState::kMaint;
  replay::Run run({.config = *config, .macs = {*lb::MacAddress::parse("02:ff:00:00:00:01")}});
  run.pass_until(0);
  replay::Facts facts(run, "");
  const auto told =
      facts.explain({lb::Protocol::kTcp, endpoint("10.1.0.10:1000"), endpoint("10.1.0.100:80")});
  REQUIRE(told);
  std::vector<std::string> why;
  std::vector<std::string> states;
  for (const Explanation::Server& server : told->servers) {
    why.push_back(server.why);
    states.push_back(server.state);
  }
  CHECK(why == std::vector<std::string>{"the quorum is lost: the sorry server serves", "weight 0",
                                        "in maintenance", "least loaded: load 0 / weight 1"});
  CHECK(states == std::vector<std::string>{"ready", "ready", "maint", "sorry"});
}

}  // namespace
}  // namespace control
