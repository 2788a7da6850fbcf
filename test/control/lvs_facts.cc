#include "test/control/lvs_facts.h"

#include <catch2/catch.hpp>
#include <iterator>
#include <sstream>

#include "control/ipvsadm/run.h"
#include "control/vocabulary.h"

namespace control::test {
namespace {

// In the order in which the kernel listed them.
constexpr const char* kConnections = R"(
TCP TIME_WAIT 10.1.0.10:40005 10.1.0.100:80 10.2.0.11:80 113.9
TCP TIME_WAIT 10.1.0.10:40007 10.1.0.100:80 10.2.0.12:80 113.9
TCP TIME_WAIT 10.1.0.10:40000 10.1.0.100:80 10.2.0.13:80 113.9
TCP TIME_WAIT 10.1.0.11:40301 10.1.0.100:8080 10.2.0.14:8080 113.9
TCP TIME_WAIT 10.1.0.10:40002 10.1.0.100:80 10.2.0.11:80 113.9
TCP ASSURED 10.1.0.0:0 10.1.0.100:8080 10.2.0.14:8080 593.9
UDP UDP 10.1.0.10:40201 10.1.0.100:53 10.2.0.11:53 293.9
TCP TIME_WAIT 10.1.0.10:40009 10.1.0.100:80 10.2.0.11:80 113.9
TCP ESTABLISHED 10.1.0.10:40100 10.1.0.100:80 10.2.0.12:80 893.9
TCP TIME_WAIT 10.1.0.10:40300 10.1.0.100:8080 10.2.0.14:8080 113.9
UDP UDP 10.1.0.10:40200 10.1.0.100:53 10.2.0.12:53 293.9
TCP TIME_WAIT 10.1.0.10:40001 10.1.0.100:80 10.2.0.12:80 113.9
UDP UDP 10.1.0.10:40202 10.1.0.100:53 10.2.0.12:53 293.9
TCP ESTABLISHED 10.1.0.10:40101 10.1.0.100:80 10.2.0.11:80 893.9
TCP TIME_WAIT 10.1.0.10:40008 10.1.0.100:80 10.2.0.11:80 113.9
UDP UDP 10.1.0.10:40203 10.1.0.100:53 10.2.0.11:53 293.9
TCP ESTABLISHED 10.1.0.10:40102 10.1.0.100:80 10.2.0.13:80 893.9
UDP UDP 10.1.0.10:40204 10.1.0.100:53 10.2.0.12:53 293.9
TCP TIME_WAIT 10.1.0.10:40004 10.1.0.100:80 10.2.0.12:80 113.9
TCP TIME_WAIT 10.1.0.10:40006 10.1.0.100:80 10.2.0.13:80 113.9
TCP TIME_WAIT 10.1.0.10:40003 10.1.0.100:80 10.2.0.11:80 113.9
)";

}  // namespace

FakeFacts lvs(std::string_view method) {
  const bool nat = method == "nat";
  const auto seen = [nat](Traffic traffic) {
    if (!nat) traffic.packets_out = traffic.bytes_out = 0;
    return traffic;
  };
  FakeFacts facts;
  facts.the_info.connection_capacity = 4096;
  facts.the_info.config_file = "/etc/lbd/lbd.json";
  if (method == "empty") return facts;
  ServiceFacts web;
  web.address = endpoint("10.1.0.100:80");
  web.scheduler = "wrr";
  web.totals = seen({13, 69, 56, 3016, 2488});
  web.rates = {1.1, 5.8, 4.6, 283.2, 232.7};
  web.servers = {
      server("10.2.0.13:80", method, 1, 1, 2, seen({3, 15, 12, 656, 536}), {0.2, 1.3, 1, 61, 50}),
      server("10.2.0.12:80", method, 2, 1, 3, seen({4, 21, 17, 918, 756}), {0.3, 1.7, 1.6, 86, 71}),
      server("10.2.0.11:80", method, 3, 1, 5, seen({6, 33, 27, 1442, 1196}),
             {0.6, 2.8, 2.5, 135, 112})};
  ServiceFacts dns;
  dns.protocol = lb::Protocol::kUdp;
  dns.address = endpoint("10.1.0.100:53");
  dns.scheduler = "rr";
  dns.totals = seen({5, 5, 5, 640, 160});
  dns.rates = {0.4, 0.4, 0.4, 60, 15};
  dns.servers = {
      server("10.2.0.12:53", method, 1, 0, 3, seen({3, 3, 3, 384, 96}), {0.2, 0.2, 0.2, 36, 9}),
      server("10.2.0.11:53", method, 1, 0, 2, seen({2, 2, 2, 256, 64}), {0.1, 0.1, 0.1, 24, 6})};
  ServiceFacts persistent;
  persistent.address = endpoint("10.1.0.100:8080");
  persistent.scheduler = "wlc";
  persistent.persistence_timeout = 600;
  persistent.persistence_netmask = *lb::IpAddress::parse("255.255.255.0");
  persistent.totals = seen({2, 10, 6, 424, 272});
  persistent.rates = {0.2, 1, 0.6, 40, 25};
  persistent.servers = {
      server("10.2.0.15:8080", method, 0, 0, 0, {}, {}),
      server("10.2.0.14:8080", method, 100, 0, 2, persistent.totals, persistent.rates)};
  persistent.servers[1].upper_threshold = 1000;
  persistent.servers[1].lower_threshold = 500;
  persistent.servers[1].persistent_clients = 1;
  persistent.leaving = {server("10.2.0.17:8080", method, 1, 1, 0, {}, {})};
  ServiceFacts sip;
  sip.protocol = lb::Protocol::kUdp;
  sip.address = endpoint("10.1.0.100:5060");
  sip.scheduler = "rr";
  sip.one_packet = true;
  facts.the_services = {sip, persistent, web, dns};
  std::istringstream connections(kConnections);
  std::string protocol, state, client, virtual_address, to;
  double expires = 0;
  while (connections >> protocol >> state >> client >> virtual_address >> to >> expires) {
    facts.the_connections.push_back({protocol == "TCP" ? lb::Protocol::kTcp : lb::Protocol::kUdp,
                                     state, endpoint(client), endpoint(virtual_address),
                                     endpoint(to), "", "nat", expires});
  }
  return facts;
}

std::vector<std::string> split(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

Reply run_ipvsadm(std::string_view method, const std::string& line) {
  FakeFacts facts = lvs(method);
  const std::vector<std::string> words = split(line);
  const std::vector<std::string_view> views(words.begin(), words.end());
  return control::ipvsadm::run(facts, {.arguments = views, .document = {}, .table = {}},
                               vocabulary());
}

std::string listed(std::string_view method, const std::string& line) {
  const Reply reply = run_ipvsadm(method, line);
  REQUIRE(reply.has_value());
  return *reply;
}

}  // namespace control::test
