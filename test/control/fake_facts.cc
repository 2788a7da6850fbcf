#include "test/control/fake_facts.h"

namespace control::test {

std::expected<ConnectionPage, std::string> FakeFacts::connections(const ConnectionQuery& query) {
  last_query = query;
  if (query.service == "nosuch") return std::unexpected("no service \"nosuch\"; services: web");
  ConnectionPage page{the_connections, true};
  if (query.limit && page.connections.size() > *query.limit) {
    page.connections.resize(*query.limit);
    page.complete = false;
  }
  return page;
}

lb::Endpoint endpoint(std::string_view text) { return lb::Endpoint::parse(text).value(); }

ServerFacts server(std::string_view address, std::string_view forward, uint32_t weight,
                   uint32_t active, uint32_t inactive, Traffic totals, Rates rates) {
  ServerFacts out;
  out.address = endpoint(address);
  out.forward = forward;
  out.weight = weight;
  out.state = "ready";
  out.health = "unchecked";
  out.active_connections = active;
  out.inactive_connections = inactive;
  out.totals = totals;
  out.rates = rates;
  return out;
}

FakeFacts small_director() {
  FakeFacts facts;
  facts.the_info = {.version = "0.1.0",
                    .uptime_seconds = 93784.5,
                    .started_unix = 1764072000,
                    .config_file = "/etc/lbd/lbd.json",
                    .pid = 4711,
                    .workers = 2,
                    .connection_entries = 250,
                    .connection_capacity = 1000,
                    .answers_given = 4,
                    .answers_suppressed = 3,
                    .mbufs_in_use = 2048,
                    .mbufs_total = 8192,
                    .last_reload = {}};
  ServiceFacts web;
  web.name = "web";
  web.address = endpoint("192.168.22.11:80");
  web.scheduler = "wlc";
  web.forward = "nat";
  web.refused = 7;
  web.totals = {30, 300, 200, 30000, 2000000};
  web.rates = {1.5, 15, 10, 1500, 123456};
  web.servers = {server("192.168.11.101:80", "nat", 2, 3, 4, {20, 200, 150, 20000, 1500000},
                        {1, 10, 8, 1000, 100000}),
                 server("192.168.11.100:80", "dr", 0, 1, 2, {10, 100, 50, 10000, 500000}, {})};
  web.servers[1].state = "drain";
  web.servers[1].health = "down";
  ServiceFacts dns;
  dns.name = "dns6";
  dns.protocol = lb::Protocol::kUdp;
  dns.address = endpoint("[2001:db8::1]:53");
  dns.scheduler = "rr";
  dns.forward = "tunnel";
  facts.the_services = {web, dns};
  facts.the_interfaces = {{.name = "wan",
                           .devices = {"net_af_xdp0", "net_af_xdp1"},
                           .mac = *lb::MacAddress::parse("02:00:00:00:00:01"),
                           .addresses = {*lb::Prefix::parse("192.168.22.11/24")},
                           .mtu = 1500,
                           .link_up = true,
                           .kernel_interface = "lb-wan",
                           .to_kernel = 15,
                           .from_kernel = 16,
                           .kernel_dropped = 17,
                           .rx_packets = 11,
                           .rx_bytes = 1234567,
                           .rx_missed = 1,
                           .rx_errors = 2,
                           .rx_no_mbuf = 3,
                           .tx_packets = 12,
                           .tx_bytes = 999,
                           .tx_errors = 4}};
  facts.the_neighbours = {{"wan", *lb::IpAddress::parse("192.168.22.1"),
                           lb::MacAddress::parse("02:00:00:00:00:99"), "reachable", 12.5},
                          {"wan", *lb::IpAddress::parse("192.168.22.7"), {}, "failed", 0}};
  facts.the_workers = {
      {1, 0.123, 150, 1000, 10, "ring", {{"icmp", 1}, {"owner", 9}, {"transmit", 0}}, 4, 0.025},
      {2, 0.5, 100, 900, 0, "rss", {}, 10, 0}};
  facts.the_drops = {{"bad_ip_checksum", "IP header with a wrong checksum", 0},
                     {"no_route", "no route to the destination", 5, 12.3},
                     {"table_full", "no connection left", 9}};
  facts.the_config = {{"services", nlohmann::json::array()}};
  facts.the_connections = {
      {lb::Protocol::kTcp, "ESTABLISHED", endpoint("10.0.0.1:40000"), endpoint("192.168.22.11:80"),
       endpoint("192.168.11.101:80"), "web", "nat", 899.4},
      {lb::Protocol::kUdp, "UDP", endpoint("[2001:db8::9]:5353"), endpoint("[2001:db8::1]:53"),
       endpoint("[2001:db8::2]:53"), "dns6", "tunnel", 300}};
  return facts;
}

}  // namespace control::test
