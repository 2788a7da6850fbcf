#include "test/control/lvs_facts.h"

#include <iterator>
#include <sstream>

#include "control/ipvsadm/run.h"

namespace control::test {

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
  facts.the_services = {web, dns};
  facts.the_connections = {
      {lb::Protocol::kTcp, "TIME_WAIT", endpoint("10.1.0.10:40005"), endpoint("10.1.0.100:80"),
       endpoint("10.2.0.11:80"), "", "nat", 113.9},
      {lb::Protocol::kTcp, "TIME_WAIT", endpoint("10.1.0.10:40007"), endpoint("10.1.0.100:80"),
       endpoint("10.2.0.12:80"), "", "nat", 113.9},
      {lb::Protocol::kTcp, "TIME_WAIT", endpoint("10.1.0.10:40000"), endpoint("10.1.0.100:80"),
       endpoint("10.2.0.13:80"), "", "nat", 113.9},
      {lb::Protocol::kTcp, "TIME_WAIT", endpoint("10.1.0.10:40002"), endpoint("10.1.0.100:80"),
       endpoint("10.2.0.11:80"), "", "nat", 113.9},
      {lb::Protocol::kUdp, "UDP", endpoint("10.1.0.10:40201"), endpoint("10.1.0.100:53"),
       endpoint("10.2.0.11:53"), "", "nat", 293.9},
      {lb::Protocol::kTcp, "TIME_WAIT", endpoint("10.1.0.10:40009"), endpoint("10.1.0.100:80"),
       endpoint("10.2.0.11:80"), "", "nat", 113.9},
      {lb::Protocol::kTcp, "ESTABLISHED", endpoint("10.1.0.10:40100"), endpoint("10.1.0.100:80"),
       endpoint("10.2.0.12:80"), "", "nat", 893.9},
  };
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
  return control::ipvsadm::run(facts, views);
}

}  // namespace control::test
