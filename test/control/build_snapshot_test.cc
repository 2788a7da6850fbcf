#include "control/build_snapshot.h"

#include <catch2/catch.hpp>

#include "conf/load.h"
#include "control/vocabulary.h"
#include "dataplane/methods.h"

namespace {

conf::Config load(const char* text) {
  auto config = conf::load(text, control::vocabulary());
  if (!config) FAIL(config.error()[0].to_string());
  return std::move(*config);
}

const char* const kCluster = R"({
  "interfaces": [
    {"name": "wan", "device": "a", "addresses": ["192.168.22.11/24"], "mtu": 1400},
    {"name": "lan", "device": "b", "addresses": ["192.168.11.11/24"],
     "neighbours": [{"address": "10.9.9.9", "mac": "02:00:00:00:00:09"}]}],
  "routes": [{"destination": "0.0.0.0/0", "gateway": "192.168.22.1"},
             {"destination": "10.8.0.0/16", "gateway": "10.9.9.9"}],
  "services": [
    {"protocol": "tcp", "address": "192.168.22.11:80", "scheduler": "wrr",
     "servers": [{"address": "192.168.11.100", "weight": 0},
                 {"address": "192.168.11.101:8080", "weight": 2},
                 {"address": "192.168.11.102", "forward": "dr"}]},
    {"protocol": "udp", "address": "10.1.2.3:53", "servers": [{"address": "10.8.1.1"}]}]
})";

auto address(const char* text) { return lb::IpAddress::parse(text)->ipv4(); }

lb::End<lb::V4> end(const char* text) { return lb::End<lb::V4>::from(*lb::Endpoint::parse(text)); }

struct Built {
  conf::Config config = load(kCluster);
  control::Roster roster = control::enter_all(config);
  std::unique_ptr<const dataplane::Snapshot<lb::V4>> snapshot =
      control::build_snapshot(config, roster, std::vector<dataplane::Link>(2), {1, 2});

  uint32_t slot(size_t service) const {
    return roster.find(control::key_of(config.services[service]))->slot;
  }
};

}  // namespace

TEST_CASE("every service is found by its protocol, address and port, and nothing else is") {
  const Built built;
  const auto& endpoints = built.snapshot->endpoints;
  CHECK(endpoints.find(end("192.168.22.11:80"), lb::Protocol::kTcp) == built.slot(0));
  CHECK(endpoints.find(end("10.1.2.3:53"), lb::Protocol::kUdp) == built.slot(1));
  CHECK_FALSE(endpoints.find(end("192.168.22.11:80"), lb::Protocol::kUdp));
  CHECK_FALSE(endpoints.find(end("192.168.22.11:81"), lb::Protocol::kTcp));
  CHECK_FALSE(endpoints.find(end("192.168.11.100:80"), lb::Protocol::kTcp));
}

TEST_CASE(
    "servers keep the file's order, their method, port and slot, and weight 0 accepts nothing") {
  const Built built;
  const auto& servers = built.snapshot->services[0]->servers;
  REQUIRE(servers.size() == 3);
  CHECK(servers[0].end == end("192.168.11.100:80"));
  CHECK(servers[1].end == end("192.168.11.101:8080"));
  CHECK_FALSE(servers[0].accepts);
  CHECK(servers[1].accepts);
  CHECK(servers[1].method == dataplane::find_method("nat"));
  CHECK(servers[2].method == dataplane::find_method("dr"));
  CHECK(servers[0].slot != servers[1].slot);
  CHECK(built.snapshot->services[1]->servers[0].slot != servers[2].slot);
}

TEST_CASE("a scheduler's options, and what it hashes servers by, reach its plan") {
  const auto plan_of = [](const std::string& options) {
    const std::string text = R"({
      "interfaces": [{"name": "lan", "device": "a", "addresses": ["10.2.0.1/16"]}],
      "services": [{"protocol": "tcp", "address": "10.2.0.1:80", "scheduler": "mh",)" +
                             options + R"(
                    "servers": [{"address": "10.2.0.13", "weight": 1},
                                {"address": "10.2.0.12", "weight": 3},
                                {"address": "10.2.0.11", "weight": 5}]}]
    })";
    const conf::Config config = load(text.c_str());
    auto snapshot = control::build_snapshot(config, control::enter_all(config),
                                            std::vector<dataplane::Link>(1), {1, 2});
    return snapshot->services[0];
  };
  const auto choices = [](const auto& service, uint32_t clients, uint16_t ports, uint16_t first) {
    std::string result;
    for (uint16_t i = 0; i < 12; ++i) {
      result += static_cast<char>(
          '3' - *service->plan->pick({.loads = scheduler::LoadView({}),
                                      .client = 0x0a01000a + i * clients,
                                      .client_port = static_cast<uint16_t>(first + i * ports)}));
    }
    return result;
  };
  // As LVS was recorded to choose: mh's table depends on the servers' addresses and ports.
  CHECK(choices(plan_of(""), 1, 1, 7) == "212221212312");
  CHECK(choices(plan_of(R"("scheduler_options": {"port": true},)"), 0, 1, 20161) == "112212231111");
  CHECK(choices(plan_of(R"("scheduler_options": {"fallback": true},)"), 1, 1, 7) == "212221212312");
}

TEST_CASE("interface addresses and VIPs are the director's own") {
  const Built built;
  for (const char* own : {"192.168.22.11", "192.168.11.11", "10.1.2.3"}) {
    CHECK(built.snapshot->own.contains(address(own)));
  }
  CHECK_FALSE(built.snapshot->own.contains(address("192.168.11.100")));
  CHECK(built.snapshot->links[0].mtu == 1400);
}

TEST_CASE("connected prefixes, static neighbours and routes lead to the right interface and hop") {
  const Built built;
  const auto next = [&](const char* destination) {
    const auto* route = built.snapshot->routes.find(address(destination));
    REQUIRE(route != nullptr);
    return std::pair(route->interface, lb::next_hop(*route, address(destination)));
  };
  CHECK(next("192.168.11.100") == std::pair(1u, address("192.168.11.100")));
  CHECK(next("192.168.22.50") == std::pair(0u, address("192.168.22.50")));
  CHECK(next("8.8.8.8") == std::pair(0u, address("192.168.22.1")));
  CHECK(next("10.9.9.9") == std::pair(1u, address("10.9.9.9")));
  CHECK(next("10.8.1.1") == std::pair(1u, address("10.9.9.9")));
  const auto neighbours = control::static_neighbours(built.config);
  REQUIRE(neighbours.size() == 1);
  CHECK(neighbours[0].link == 1);
}

TEST_CASE("time-outs come from the file in ticks, SYN_SENT's from LVS") {
  conf::Timeouts seconds;
  seconds.tcp = 7;
  const lb::Timeouts ticks = control::timeouts_of(seconds);
  CHECK(ticks[static_cast<size_t>(lb::State::kEstablished)] == 7 * lb::kTicksPerSecond);
  CHECK(ticks[static_cast<size_t>(lb::State::kTimeWait)] == 120 * lb::kTicksPerSecond);
  CHECK(ticks[static_cast<size_t>(lb::State::kClose)] == 10 * lb::kTicksPerSecond);
  CHECK(ticks[static_cast<size_t>(lb::State::kUdp)] == 300 * lb::kTicksPerSecond);
  CHECK(ticks[static_cast<size_t>(lb::State::kSynSent)] == 120 * lb::kTicksPerSecond);
}

TEST_CASE("persistence, thresholds, one-packet services and port 0 reach the packet path") {
  const conf::Config config = load(R"({
    "interfaces": [{"name": "lan", "device": "b", "addresses": ["192.168.11.11/24"]}],
    "services": [
      {"protocol": "tcp", "address": "10.1.2.3:0", "persistence_timeout": 60,
       "persistence_netmask": "255.255.255.0", "expire_quiescent_template": true,
       "servers": [{"address": "192.168.11.100", "upper_threshold": 10, "lower_threshold": 4}]},
      {"protocol": "tcp", "address": "10.1.2.3:80", "servers": [{"address": "192.168.11.100"}]},
      {"protocol": "udp", "address": "10.1.2.3:53", "one_packet": true,
       "servers": [{"address": "192.168.11.100"}, {"address": "192.168.11.101", "forward": "dr"}]}]
  })");
  const control::Roster roster = control::enter_all(config);
  const auto slot = [&](size_t service) {
    return roster.find(control::key_of(config.services[service]))->slot;
  };
  const auto first_server = [&](size_t service) {
    const auto& servers = roster.find(control::key_of(config.services[service]))->servers;
    return servers.at(config.services[service].servers[0].address).slot;
  };
  const auto snapshot =
      control::build_snapshot(config, roster, std::vector<dataplane::Link>(1), {1, 2});
  const auto& all_ports = *snapshot->services[slot(0)];
  CHECK(all_ports.holds.timeout == 60 * lb::kTicksPerSecond);
  CHECK(all_ports.holds.mask == address("255.255.255.0"));
  CHECK(all_ports.holds.leave_quiescent);
  CHECK_FALSE(all_ports.one_packet);
  CHECK(all_ports.server_of_slot(first_server(0)) == &all_ports.servers[0]);
  CHECK(all_ports.server_of_slot(first_server(1)) == nullptr);
  CHECK(all_ports.servers[0].end_for(end("10.1.2.3:22")) == end("192.168.11.100:22"));
  CHECK(snapshot->limits->servers == std::vector<uint32_t>{first_server(0)});
  CHECK(snapshot->limits->thresholds == std::vector<std::pair<uint32_t, uint32_t>>{{10, 4}});
  CHECK(snapshot->endpoints.find(end("10.1.2.3:443"), lb::Protocol::kTcp) == slot(0));
  CHECK(snapshot->endpoints.find(end("10.1.2.3:80"), lb::Protocol::kTcp) == slot(1));
  CHECK(snapshot->services[slot(1)]->holds.timeout == 0);
  const auto reply = snapshot->one_packet_reply(end("192.168.11.100:53"), lb::Protocol::kUdp);
  REQUIRE(reply);
  CHECK(reply->virtual_end == end("10.1.2.3:53"));
  CHECK(reply->server == first_server(2));
  // What DR servers answer does not pass here.
  CHECK_FALSE(snapshot->one_packet_reply(end("192.168.11.101:53"), lb::Protocol::kUdp));
  CHECK_FALSE(snapshot->one_packet_reply(end("192.168.11.100:53"), lb::Protocol::kTcp));
}

TEST_CASE("the director has its VIPs and virtual addresses while it is active, its own always") {
  const conf::Config config = load(R"({
    "interfaces": [
      {"name": "wan", "device": "a", "addresses": ["192.168.22.11/24"], "kernel_interface": "lb0"},
      {"name": "lan", "device": "b", "addresses": ["192.168.11.11/24"],
       "virtual_addresses": ["192.168.11.1"]}],
    "services": [{"protocol": "tcp", "address": "192.168.22.110:80"}],
    "vips": "standby"})");
  const control::Roster roster = control::enter_all(config);
  const auto build = [&](std::optional<conf::Vips> vips) {
    return control::build_snapshot(config, roster, std::vector<dataplane::Link>(2), {1, 2},
                                   control::Roster::Time::max(), vips);
  };
  const auto standby = build({});
  const auto active = build(conf::Vips::kActive);
  CHECK(standby->standby);
  CHECK_FALSE(active->standby);
  for (const char* vip : {"192.168.22.110", "192.168.11.1"}) {
    CHECK(active->own.contains(address(vip)));
    CHECK_FALSE(standby->own.contains(address(vip)));
    CHECK(standby->elsewhere.contains(address(vip)));
    CHECK_FALSE(active->kernels.contains(address(vip)));
  }
  for (const auto& snapshot : {&standby, &active}) {
    CHECK((*snapshot)->own.contains(address("192.168.22.11")));
    CHECK((*snapshot)->own.contains(address("192.168.11.11")));
    CHECK((*snapshot)->kernels.all() == std::vector{address("192.168.22.11")});
  }
  CHECK(active->elsewhere.all().empty());
  // Its packets go on to be recognised, so that they can be left alone.
  CHECK(standby->endpoints.find(end("192.168.22.110:80"), lb::Protocol::kTcp));
}
