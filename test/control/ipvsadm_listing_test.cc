// What the recorded output does not show: errors, refusals, large numbers, order, IPv6.
#include "control/ipvsadm/listing.h"

#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>

#include "control/ipvsadm/run.h"
#include "test/control/lvs_facts.h"

namespace control::ipvsadm {
namespace {

using test::endpoint, test::server;

// "STATUS TEXT"
std::string error(const std::string& line) {
  const Reply reply = test::run_ipvsadm("nat", line);
  REQUIRE_FALSE(reply.has_value());
  return std::to_string(reply.error().status) + " " + reply.error().text;
}

TEST_CASE("ipvsadm: timeouts, and a sync daemon that is not there") {
  CHECK(test::listed("nat", "-L --timeout") == "Timeout (tcp tcpfin udp): 900 120 300\n");
  CHECK(test::listed("nat", "-L --daemon").empty());
}

TEST_CASE("ipvsadm: no argument lists with names") {
  CHECK(test::listed("empty", "") == test::listed("empty", "-L"));
}

TEST_CASE("ipvsadm: a missing service has ipvsadm's text and status") {
  CHECK(error("-Ln -t 10.1.0.100:4444") == "1 No such service");
  CHECK(error("-Ln -u 10.1.0.100:80") == "1 No such service");
  CHECK(error("-Ln --stats -t 10.1.0.100:4444") == "1 No such service");
  CHECK(error("-Ln -f 9") == "1 No such service");
}

TEST_CASE("ipvsadm: what changes something is refused where nothing can be changed") {
  for (const auto* line : {"-A -t 10.1.0.100:81", "-C", "-Z", "-R", "--set 1 2 3",
                           "-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m"}) {
    CHECK(error(line) ==
          fmt::format("2 ipvsadm {}: nothing can be changed here", test::split(line).front()));
  }
}

TEST_CASE("ipvsadm: help and version") {
  CHECK(test::listed("nat", "--version") ==
        "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n");
  CHECK(test::listed("nat", "-h").starts_with(test::listed("nat", "-v") + "Usage:\n"));
}

TEST_CASE("ipvsadm: -c asks for every connection") {
  test::FakeFacts facts = test::lvs("nat");
  const std::array<std::string_view, 1> words{"-Lnc"};
  REQUIRE(control::ipvsadm::run(facts, {.arguments = words, .document = {}, .table = {}}, {})
              .has_value());
  CHECK_FALSE(facts.last_query.limit.has_value());
}

TEST_CASE("ipvsadm: numbers are cut to K, M, G and T as ipvsadm cuts them") {
  CHECK(large_number(99'999'999, false) == " 99999999");
  CHECK(large_number(100'000'000, false) == "  100000K");
  CHECK(large_number(999'999'999, false) == "  999999K");
  CHECK(large_number(1'000'000'000, false) == "    1000M");
  CHECK(large_number(99'999'999'999, false) == "   99999M");
  CHECK(large_number(100'000'000'000, false) == "     100G");
  CHECK(large_number(100'000'000'000'000, false) == "     100T");
  CHECK(large_number(99'999'999, true) == " 99999999");
  CHECK(large_number(123'456'789'012, true) == " 123456789012");
}

TEST_CASE("ipvsadm: services are sorted by protocol, address and port") {
  test::FakeFacts facts;
  for (const auto& [protocol, address] :
       std::initializer_list<std::pair<lb::Protocol, const char*>>{
           {lb::Protocol::kTcp, "[2001:db8::1]:80"},
           {lb::Protocol::kUdp, "10.0.0.1:53"},
           {lb::Protocol::kTcp, "192.168.0.1:80"},
           {lb::Protocol::kTcp, "10.0.0.1:443"},
           {lb::Protocol::kTcp, "10.0.0.1:80"}}) {
    ServiceFacts service;
    service.protocol = protocol;
    service.address = endpoint(address);
    service.scheduler = "rr";
    facts.the_services.push_back(service);
  }
  const ListOptions numeric{.numeric = true};
  const std::string text = list_services(facts.the_services, numeric, system_port_names());
  CHECK(text.substr(text.find("TCP")) ==
        "TCP  10.0.0.1:80 rr\n"
        "TCP  10.0.0.1:443 rr\n"
        "TCP  192.168.0.1:80 rr\n"
        "UDP  10.0.0.1:53 rr\n"
        "TCP  [2001:db8::1]:80 rr\n");
}

TEST_CASE("ipvsadm: an IPv4 name is cut to its column, an IPv6 one is not") {
  ServiceFacts service;
  service.address = endpoint("192.168.100.100:80");
  service.scheduler = "rr";
  service.servers = {server("192.168.100.100:80", "nat", 1, 0, 0, {}, {}),
                     server("[2001:db8:1111:2222:3333:4444:5555:6666]:80", "nat", 1, 0, 0, {}, {})};
  const auto name = [](uint16_t, lb::Protocol) -> std::string {
    return "a-very-long-service-name";
  };
  const std::string text = list_services({service}, {}, name);
  CHECK(
      text.substr(text.find("TCP")) ==
      "TCP  192.168.100.100:a-very-long- rr\n"
      "  -> 192.168.100.100:a-very-long- Masq    1      0          0         \n"
      "  -> [2001:db8:1111:2222:3333:4444:5555:6666]:a-very-long-service-name Masq    1      0    "
      "      0         \n");
}

TEST_CASE("ipvsadm: a server that takes no new connections has weight 0") {
  ServiceFacts service;
  service.address = endpoint("10.1.0.100:80");
  service.scheduler = "rr";
  for (int i = 1; i <= 4; ++i) {
    service.servers.push_back(server(fmt::format("10.2.0.1{}:80", i), "nat", 5, 0, 0, {}, {}));
  }
  service.servers[1].health = "down";
  service.servers[2].state = "drain";
  service.servers[3].state = "maint";
  const std::string text = list_services({service}, {.numeric = true}, system_port_names());
  CHECK(text.substr(text.find("  -> 10.2")) ==
        "  -> 10.2.0.11:80                 Masq    5      0          0         \n"
        "  -> 10.2.0.12:80                 Masq    0      0          0         \n"
        "  -> 10.2.0.13:80                 Masq    0      0          0         \n"
        "  -> 10.2.0.14:80                 Masq    0      0          0         \n");
}

TEST_CASE("ipvsadm: --tun-info adds a column") {
  CHECK(test::listed("tunnel", "-Ln --tun-info -u 10.1.0.100:53") ==
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Tunnel  ipip          1      0          2         \n"
        "  -> 10.2.0.12:53                 Tunnel  ipip          1      0          3         \n");
}

TEST_CASE("ipvsadm: a port without a name is a number") {
  CHECK(system_port_names()(40999, lb::Protocol::kTcp) == "40999");
}

}  // namespace
}  // namespace control::ipvsadm
