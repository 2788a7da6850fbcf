// ipvsadm's output, compared with what ipvsadm 1.31 printed over the kernel's LVS after known
// traffic.
#include "control/ipvsadm/listing.h"

#include <array>
#include <catch2/catch.hpp>
#include <iterator>
#include <sstream>

#include "control/ipvsadm/options.h"
#include "control/ipvsadm/run.h"
#include "test/control/fake_facts.h"

namespace control::ipvsadm {
namespace {

using test::endpoint, test::server;

// Ten closed and three held TCP connections, five UDP exchanges. DR and tunnel see no replies.
// Servers in the order in which the kernel listed them, so that sorting has something to do.
test::FakeFacts lvs(std::string_view method) {
  const bool nat = method == "nat";
  const auto seen = [nat](Traffic traffic) {
    if (!nat) traffic.packets_out = traffic.bytes_out = 0;
    return traffic;
  };
  test::FakeFacts facts;
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

Reply execute(std::string_view method, const std::string& line) {
  test::FakeFacts facts = lvs(method);
  const std::vector<std::string> words = split(line);
  const std::vector<std::string_view> views(words.begin(), words.end());
  return control::ipvsadm::run(facts, views);
}

std::string run(std::string_view method, const std::string& line) {
  const Reply reply = execute(method, line);
  REQUIRE(reply.has_value());
  return *reply;
}

// "STATUS TEXT"
std::string error(const std::string& line) {
  const Reply reply = execute("nat", line);
  REQUIRE_FALSE(reply.has_value());
  return std::to_string(reply.error().status) + " " + reply.error().text;
}

// As run, with a services database of its own: the machine's may be missing.
std::string named(std::string_view method, const std::string& line) {
  const auto name = [](uint16_t port, lb::Protocol protocol) -> std::string {
    if (port == 80 && protocol == lb::Protocol::kTcp) return "http";
    if (port == 53 && protocol == lb::Protocol::kUdp) return "domain";
    return std::to_string(port);
  };
  test::FakeFacts facts = lvs(method);
  const std::vector<std::string> words = split(line);
  const std::vector<std::string_view> views(words.begin(), words.end());
  const auto request = parse(views);
  REQUIRE(request.has_value());
  if (request->list.connection) return list_connections(facts.the_connections, request->list, name);
  return list_title(4096) + list_services(facts.the_services, request->list, name);
}

TEST_CASE("ipvsadm: -L names ports") {
  CHECK(named("nat", "-L") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:http wrr\n"
        "  -> 10.2.0.11:http               Masq    3      1          5         \n"
        "  -> 10.2.0.12:http               Masq    2      1          3         \n"
        "  -> 10.2.0.13:http               Masq    1      1          2         \n"
        "UDP  10.1.0.100:domain rr\n"
        "  -> 10.2.0.11:domain             Masq    1      0          2         \n"
        "  -> 10.2.0.12:domain             Masq    1      0          3         \n");
}

TEST_CASE("ipvsadm: -Ln in every forwarding method") {
  CHECK(run("nat", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n");
  CHECK(run("dr", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Route   3      1          5         \n"
        "  -> 10.2.0.12:80                 Route   2      1          3         \n"
        "  -> 10.2.0.13:80                 Route   1      1          2         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Route   1      0          2         \n"
        "  -> 10.2.0.12:53                 Route   1      0          3         \n");
  CHECK(run("tunnel", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Tunnel  3      1          5         \n"
        "  -> 10.2.0.12:80                 Tunnel  2      1          3         \n"
        "  -> 10.2.0.13:80                 Tunnel  1      1          2         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Tunnel  1      0          2         \n"
        "  -> 10.2.0.12:53                 Tunnel  1      0          3         \n");
}

TEST_CASE("ipvsadm: --stats, --exact the same below 10^8") {
  CHECK(run("nat", "-Ln --stats") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69       56     3016     2488\n"
        "  -> 10.2.0.11:80                        6       33       27     1442     1196\n"
        "  -> 10.2.0.12:80                        4       21       17      918      756\n"
        "  -> 10.2.0.13:80                        3       15       12      656      536\n"
        "UDP  10.1.0.100:53                       5        5        5      640      160\n"
        "  -> 10.2.0.11:53                        2        2        2      256       64\n"
        "  -> 10.2.0.12:53                        3        3        3      384       96\n");
  CHECK(run("nat", "-Ln --stats --exact") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69       56     3016     2488\n"
        "  -> 10.2.0.11:80                        6       33       27     1442     1196\n"
        "  -> 10.2.0.12:80                        4       21       17      918      756\n"
        "  -> 10.2.0.13:80                        3       15       12      656      536\n"
        "UDP  10.1.0.100:53                       5        5        5      640      160\n"
        "  -> 10.2.0.11:53                        2        2        2      256       64\n"
        "  -> 10.2.0.12:53                        3        3        3      384       96\n");
  CHECK(run("dr", "-Ln --stats") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69        0     3016        0\n"
        "  -> 10.2.0.11:80                        6       33        0     1442        0\n"
        "  -> 10.2.0.12:80                        4       21        0      918        0\n"
        "  -> 10.2.0.13:80                        3       15        0      656        0\n"
        "UDP  10.1.0.100:53                       5        5        0      640        0\n"
        "  -> 10.2.0.11:53                        2        2        0      256        0\n"
        "  -> 10.2.0.12:53                        3        3        0      384        0\n");
}

TEST_CASE("ipvsadm: --rate") {
  CHECK(run("nat", "-Ln --rate") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                       1        6        5      283      233\n"
        "  -> 10.2.0.11:80                        1        3        3      135      112\n"
        "  -> 10.2.0.12:80                        0        2        2       86       71\n"
        "  -> 10.2.0.13:80                        0        1        1       61       50\n"
        "UDP  10.1.0.100:53                       0        0        0       60       15\n"
        "  -> 10.2.0.11:53                        0        0        0       24        6\n"
        "  -> 10.2.0.12:53                        0        0        0       36        9\n");
}

TEST_CASE("ipvsadm: --thresholds") {
  CHECK(run("nat", "-Ln --thresholds") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 0          0          1          5         \n"
        "  -> 10.2.0.12:80                 0          0          1          3         \n"
        "  -> 10.2.0.13:80                 0          0          1          2         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 0          0          0          2         \n"
        "  -> 10.2.0.12:53                 0          0          0          3         \n");
}

TEST_CASE("ipvsadm: --persistent-conn") {
  CHECK(run("nat", "-Ln --persistent-conn") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 3         0           1          5         \n"
        "  -> 10.2.0.12:80                 2         0           1          3         \n"
        "  -> 10.2.0.13:80                 1         0           1          2         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 1         0           0          2         \n"
        "  -> 10.2.0.12:53                 1         0           0          3         \n");
}

TEST_CASE("ipvsadm: --sort") {
  CHECK(run("nat", "-Ln --sort") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n");
}

TEST_CASE("ipvsadm: --nosort keeps the order of the file") {
  CHECK(run("nat", "-Ln --nosort") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n");
}

TEST_CASE("ipvsadm: -c, with names and with persistence engines") {
  CHECK(run("nat", "-Lnc") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40005    10.1.0.100:80      10.2.0.11:80\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40007    10.1.0.100:80      10.2.0.12:80\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40000    10.1.0.100:80      10.2.0.13:80\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40002    10.1.0.100:80      10.2.0.11:80\n"
        "UDP 04:53  UDP         10.1.0.10:40201    10.1.0.100:53      10.2.0.11:53\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40009    10.1.0.100:80      10.2.0.11:80\n"
        "TCP 14:53  ESTABLISHED 10.1.0.10:40100    10.1.0.100:80      10.2.0.12:80\n");
  CHECK(named("nat", "-Lc") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40005    10.1.0.100:http    10.2.0.11:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40007    10.1.0.100:http    10.2.0.12:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40000    10.1.0.100:http    10.2.0.13:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40002    10.1.0.100:http    10.2.0.11:http\n"
        "UDP 04:53  UDP         10.1.0.10:40201    10.1.0.100:domain  10.2.0.11:domain\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40009    10.1.0.100:http    10.2.0.11:http\n"
        "TCP 14:53  ESTABLISHED 10.1.0.10:40100    10.1.0.100:http    10.2.0.12:http\n");
  CHECK(run("nat", "-Lnc --persistent-conn") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination        pe name   "
        "       pe_data\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40005    10.1.0.100:80      10.2.0.11:80\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40007    10.1.0.100:80      10.2.0.12:80\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40000    10.1.0.100:80      10.2.0.13:80\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40002    10.1.0.100:80      10.2.0.11:80\n"
        "UDP 04:53  UDP         10.1.0.10:40201    10.1.0.100:53      10.2.0.11:53\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40009    10.1.0.100:80      10.2.0.11:80\n"
        "TCP 14:53  ESTABLISHED 10.1.0.10:40100    10.1.0.100:80      10.2.0.12:80\n");
}

TEST_CASE("ipvsadm: one service") {
  CHECK(run("nat", "-Ln -t 10.1.0.100:80") ==
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n");
  CHECK(run("nat", "-Ln --stats -t 10.1.0.100:80") ==
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69       56     3016     2488\n"
        "  -> 10.2.0.11:80                        6       33       27     1442     1196\n"
        "  -> 10.2.0.12:80                        4       21       17      918      756\n"
        "  -> 10.2.0.13:80                        3       15       12      656      536\n");
  CHECK(run("nat", "-Ln -u 10.1.0.100:53") ==
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n");
}

TEST_CASE("ipvsadm: nothing configured") {
  CHECK(run("empty", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n");
  CHECK(run("empty", "-Ln --stats") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n");
  CHECK(run("empty", "-Ln --rate") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
        "  -> RemoteAddress:Port\n");
  CHECK(run("empty", "-Ln --thresholds") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n");
  CHECK(run("empty", "-Ln --persistent-conn") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n");
  CHECK(run("empty", "-Lnc") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n");
  CHECK(run("empty", "-Lnc --persistent-conn") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination        pe name   "
        "       pe_data\n");
}

TEST_CASE("ipvsadm: timeouts, and a sync daemon that is not there") {
  CHECK(run("nat", "-L --timeout") == "Timeout (tcp tcpfin udp): 900 120 300\n");
  CHECK(run("nat", "-L --daemon").empty());
}

TEST_CASE("ipvsadm: no argument lists with names") {
  CHECK(run("empty", "") == run("empty", "-L"));
}

TEST_CASE("ipvsadm: a missing service has ipvsadm's text and status") {
  CHECK(error("-Ln -t 10.1.0.100:4444") == "1 No such service");
  CHECK(error("-Ln -u 10.1.0.100:80") == "1 No such service");
  CHECK(error("-Ln --stats -t 10.1.0.100:4444") == "1 No such service");
  CHECK(error("-Ln -f 9") == "1 No such service");
}

TEST_CASE("ipvsadm: what changes something is refused with status 2") {
  for (const auto* line :
       {"-A -t 10.1.0.100:81", "-C", "-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m", "-Z"}) {
    CHECK(error(line) ==
          "2 this lbd does not change services while running yet: edit /etc/lbd/lbd.json and "
          "restart lbd");
  }
  CHECK(error("-R").starts_with("2 this lbd neither saves nor restores"));
  CHECK(error("-Sn").starts_with("2 this lbd neither saves nor restores"));
}

TEST_CASE("ipvsadm: help and version") {
  CHECK(run("nat", "--version") ==
        "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n");
  CHECK(run("nat", "-h").starts_with(run("nat", "-v") + "Usage:\n"));
}

TEST_CASE("ipvsadm: -c asks for every connection") {
  test::FakeFacts facts = lvs("nat");
  const std::array<std::string_view, 1> words{"-Lnc"};
  REQUIRE(control::ipvsadm::run(facts, words).has_value());
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
  const ListOptions numeric{.service = {}, .numeric = true};
  const std::string text = list_services(facts.the_services, numeric, system_port_name);
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

TEST_CASE("ipvsadm: --tun-info adds a column") {
  CHECK(run("tunnel", "-Ln --tun-info -u 10.1.0.100:53") ==
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Tunnel  ipip          1      0          2         \n"
        "  -> 10.2.0.12:53                 Tunnel  ipip          1      0          3         \n");
}

TEST_CASE("ipvsadm: a port without a name is a number") {
  CHECK(system_port_name(40999, lb::Protocol::kTcp) == "40999");
}

}  // namespace
}  // namespace control::ipvsadm
