// ipvsadm's output, compared with what ipvsadm 1.31 printed over the kernel's LVS after known
// traffic.
#include <catch2/catch.hpp>

#include "control/ipvsadm/listing.h"
#include "control/ipvsadm/options.h"
#include "test/control/lvs_facts.h"

namespace control::ipvsadm {
namespace {

// As run, with a services database of its own: the machine's may be missing.
std::string named(std::string_view method, const std::string& line) {
  const auto name = [](uint16_t port, lb::Protocol protocol) -> std::string {
    if (port == 80 && protocol == lb::Protocol::kTcp) return "http";
    if (port == 8080 && protocol == lb::Protocol::kTcp) return "http-alt";
    if (port == 5060 && protocol == lb::Protocol::kUdp) return "sip";
    if (port == 53 && protocol == lb::Protocol::kUdp) return "domain";
    return std::to_string(port);
  };
  test::FakeFacts facts = test::lvs(method);
  const std::vector<std::string> words = test::split(line);
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
        "TCP  10.1.0.100:http-alt wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:http-alt           Masq    100    0          2         \n"
        "  -> 10.2.0.15:http-alt           Masq    0      0          0         \n"
        "UDP  10.1.0.100:domain rr\n"
        "  -> 10.2.0.11:domain             Masq    1      0          2         \n"
        "  -> 10.2.0.12:domain             Masq    1      0          3         \n"
        "UDP  10.1.0.100:sip rr ops\n");
}

TEST_CASE("ipvsadm: -Ln in every forwarding method") {
  CHECK(test::listed("nat", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:8080               Masq    100    0          2         \n"
        "  -> 10.2.0.15:8080               Masq    0      0          0         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n"
        "UDP  10.1.0.100:5060 rr ops\n");
  CHECK(test::listed("dr", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Route   3      1          5         \n"
        "  -> 10.2.0.12:80                 Route   2      1          3         \n"
        "  -> 10.2.0.13:80                 Route   1      1          2         \n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:8080               Route   100    0          2         \n"
        "  -> 10.2.0.15:8080               Route   0      0          0         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Route   1      0          2         \n"
        "  -> 10.2.0.12:53                 Route   1      0          3         \n"
        "UDP  10.1.0.100:5060 rr ops\n");
  CHECK(test::listed("tunnel", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Tunnel  3      1          5         \n"
        "  -> 10.2.0.12:80                 Tunnel  2      1          3         \n"
        "  -> 10.2.0.13:80                 Tunnel  1      1          2         \n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:8080               Tunnel  100    0          2         \n"
        "  -> 10.2.0.15:8080               Tunnel  0      0          0         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Tunnel  1      0          2         \n"
        "  -> 10.2.0.12:53                 Tunnel  1      0          3         \n"
        "UDP  10.1.0.100:5060 rr ops\n");
}

TEST_CASE("ipvsadm: --stats, --exact the same below 10^8") {
  CHECK(test::listed("nat", "-Ln --stats") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69       56     3016     2488\n"
        "  -> 10.2.0.11:80                        6       33       27     1442     1196\n"
        "  -> 10.2.0.12:80                        4       21       17      918      756\n"
        "  -> 10.2.0.13:80                        3       15       12      656      536\n"
        "TCP  10.1.0.100:8080                     2       10        6      424      272\n"
        "  -> 10.2.0.14:8080                      2       10        6      424      272\n"
        "  -> 10.2.0.15:8080                      0        0        0        0        0\n"
        "UDP  10.1.0.100:53                       5        5        5      640      160\n"
        "  -> 10.2.0.11:53                        2        2        2      256       64\n"
        "  -> 10.2.0.12:53                        3        3        3      384       96\n"
        "UDP  10.1.0.100:5060                     0        0        0        0        0\n");
  CHECK(test::listed("nat", "-Ln --stats --exact") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69       56     3016     2488\n"
        "  -> 10.2.0.11:80                        6       33       27     1442     1196\n"
        "  -> 10.2.0.12:80                        4       21       17      918      756\n"
        "  -> 10.2.0.13:80                        3       15       12      656      536\n"
        "TCP  10.1.0.100:8080                     2       10        6      424      272\n"
        "  -> 10.2.0.14:8080                      2       10        6      424      272\n"
        "  -> 10.2.0.15:8080                      0        0        0        0        0\n"
        "UDP  10.1.0.100:53                       5        5        5      640      160\n"
        "  -> 10.2.0.11:53                        2        2        2      256       64\n"
        "  -> 10.2.0.12:53                        3        3        3      384       96\n"
        "UDP  10.1.0.100:5060                     0        0        0        0        0\n");
  CHECK(test::listed("dr", "-Ln --stats") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69        0     3016        0\n"
        "  -> 10.2.0.11:80                        6       33        0     1442        0\n"
        "  -> 10.2.0.12:80                        4       21        0      918        0\n"
        "  -> 10.2.0.13:80                        3       15        0      656        0\n"
        "TCP  10.1.0.100:8080                     2       10        0      424        0\n"
        "  -> 10.2.0.14:8080                      2       10        0      424        0\n"
        "  -> 10.2.0.15:8080                      0        0        0        0        0\n"
        "UDP  10.1.0.100:53                       5        5        0      640        0\n"
        "  -> 10.2.0.11:53                        2        2        0      256        0\n"
        "  -> 10.2.0.12:53                        3        3        0      384        0\n"
        "UDP  10.1.0.100:5060                     0        0        0        0        0\n");
}

TEST_CASE("ipvsadm: --rate") {
  CHECK(test::listed("nat", "-Ln --rate") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                       1        6        5      283      233\n"
        "  -> 10.2.0.11:80                        1        3        3      135      112\n"
        "  -> 10.2.0.12:80                        0        2        2       86       71\n"
        "  -> 10.2.0.13:80                        0        1        1       61       50\n"
        "TCP  10.1.0.100:8080                     0        1        1       40       25\n"
        "  -> 10.2.0.14:8080                      0        1        1       40       25\n"
        "  -> 10.2.0.15:8080                      0        0        0        0        0\n"
        "UDP  10.1.0.100:53                       0        0        0       60       15\n"
        "  -> 10.2.0.11:53                        0        0        0       24        6\n"
        "  -> 10.2.0.12:53                        0        0        0       36        9\n"
        "UDP  10.1.0.100:5060                     0        0        0        0        0\n");
}

TEST_CASE("ipvsadm: --thresholds") {
  CHECK(test::listed("nat", "-Ln --thresholds") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 0          0          1          5         \n"
        "  -> 10.2.0.12:80                 0          0          1          3         \n"
        "  -> 10.2.0.13:80                 0          0          1          2         \n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:8080               1000       500        0          2         \n"
        "  -> 10.2.0.15:8080               0          0          0          0         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 0          0          0          2         \n"
        "  -> 10.2.0.12:53                 0          0          0          3         \n"
        "UDP  10.1.0.100:5060 rr ops\n");
}

TEST_CASE("ipvsadm: --persistent-conn") {
  CHECK(test::listed("nat", "-Ln --persistent-conn") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 3         0           1          5         \n"
        "  -> 10.2.0.12:80                 2         0           1          3         \n"
        "  -> 10.2.0.13:80                 1         0           1          2         \n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:8080               100       1           0          2         \n"
        "  -> 10.2.0.15:8080               0         0           0          0         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 1         0           0          2         \n"
        "  -> 10.2.0.12:53                 1         0           0          3         \n"
        "UDP  10.1.0.100:5060 rr ops\n");
}

TEST_CASE("ipvsadm: --sort") {
  CHECK(test::listed("nat", "-Ln --sort") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.14:8080               Masq    100    0          2         \n"
        "  -> 10.2.0.15:8080               Masq    0      0          0         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n"
        "UDP  10.1.0.100:5060 rr ops\n");
}

TEST_CASE("ipvsadm: --nosort keeps the order of the file") {
  CHECK(test::listed("nat", "-Ln --nosort") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "UDP  10.1.0.100:5060 rr ops\n"
        "TCP  10.1.0.100:8080 wlc persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.15:8080               Masq    0      0          0         \n"
        "  -> 10.2.0.14:8080               Masq    100    0          2         \n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n");
}

TEST_CASE("ipvsadm: -c, with names and with persistence engines") {
  const std::string connections =
      "TCP 01:53  TIME_WAIT   10.1.0.10:40005    10.1.0.100:80      10.2.0.11:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40007    10.1.0.100:80      10.2.0.12:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40000    10.1.0.100:80      10.2.0.13:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.11:40301    10.1.0.100:8080    10.2.0.14:8080\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40002    10.1.0.100:80      10.2.0.11:80\n"
      "TCP 09:53  ASSURED     10.1.0.0:0         10.1.0.100:8080    10.2.0.14:8080\n"
      "UDP 04:53  UDP         10.1.0.10:40201    10.1.0.100:53      10.2.0.11:53\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40009    10.1.0.100:80      10.2.0.11:80\n"
      "TCP 14:53  ESTABLISHED 10.1.0.10:40100    10.1.0.100:80      10.2.0.12:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40300    10.1.0.100:8080    10.2.0.14:8080\n"
      "UDP 04:53  UDP         10.1.0.10:40200    10.1.0.100:53      10.2.0.12:53\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40001    10.1.0.100:80      10.2.0.12:80\n"
      "UDP 04:53  UDP         10.1.0.10:40202    10.1.0.100:53      10.2.0.12:53\n"
      "TCP 14:53  ESTABLISHED 10.1.0.10:40101    10.1.0.100:80      10.2.0.11:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40008    10.1.0.100:80      10.2.0.11:80\n"
      "UDP 04:53  UDP         10.1.0.10:40203    10.1.0.100:53      10.2.0.11:53\n"
      "TCP 14:53  ESTABLISHED 10.1.0.10:40102    10.1.0.100:80      10.2.0.13:80\n"
      "UDP 04:53  UDP         10.1.0.10:40204    10.1.0.100:53      10.2.0.12:53\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40004    10.1.0.100:80      10.2.0.12:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40006    10.1.0.100:80      10.2.0.13:80\n"
      "TCP 01:53  TIME_WAIT   10.1.0.10:40003    10.1.0.100:80      10.2.0.11:80\n";
  CHECK(test::listed("nat", "-Lnc") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n" +
            connections);
  CHECK(named("nat", "-Lc") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40005    10.1.0.100:http    10.2.0.11:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40007    10.1.0.100:http    10.2.0.12:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40000    10.1.0.100:http    10.2.0.13:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.11:40301    10.1.0.100:http-alt 10.2.0.14:http-alt\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40002    10.1.0.100:http    10.2.0.11:http\n"
        "TCP 09:53  ASSURED     10.1.0.0:0         10.1.0.100:http-alt 10.2.0.14:http-alt\n"
        "UDP 04:53  UDP         10.1.0.10:40201    10.1.0.100:domain  10.2.0.11:domain\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40009    10.1.0.100:http    10.2.0.11:http\n"
        "TCP 14:53  ESTABLISHED 10.1.0.10:40100    10.1.0.100:http    10.2.0.12:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40300    10.1.0.100:http-alt 10.2.0.14:http-alt\n"
        "UDP 04:53  UDP         10.1.0.10:40200    10.1.0.100:domain  10.2.0.12:domain\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40001    10.1.0.100:http    10.2.0.12:http\n"
        "UDP 04:53  UDP         10.1.0.10:40202    10.1.0.100:domain  10.2.0.12:domain\n"
        "TCP 14:53  ESTABLISHED 10.1.0.10:40101    10.1.0.100:http    10.2.0.11:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40008    10.1.0.100:http    10.2.0.11:http\n"
        "UDP 04:53  UDP         10.1.0.10:40203    10.1.0.100:domain  10.2.0.11:domain\n"
        "TCP 14:53  ESTABLISHED 10.1.0.10:40102    10.1.0.100:http    10.2.0.13:http\n"
        "UDP 04:53  UDP         10.1.0.10:40204    10.1.0.100:domain  10.2.0.12:domain\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40004    10.1.0.100:http    10.2.0.12:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40006    10.1.0.100:http    10.2.0.13:http\n"
        "TCP 01:53  TIME_WAIT   10.1.0.10:40003    10.1.0.100:http    10.2.0.11:http\n");
  CHECK(test::listed("nat", "-Lnc --persistent-conn") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination        pe name   "
        "       pe_data\n" +
            connections);
}

// With the thresholds that ipvsadm loses.
TEST_CASE("ipvsadm: -S") {
  CHECK(test::listed("nat", "-Sn") ==
        "-A -t 10.1.0.100:80 -s wrr\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 3\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.12:80 -m -w 2\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.13:80 -m -w 1\n"
        "-A -t 10.1.0.100:8080 -s wlc -p 600 -M 255.255.255.0\n"
        "-a -t 10.1.0.100:8080 -r 10.2.0.14:8080 -m -w 100 -x 1000 -y 500\n"
        "-a -t 10.1.0.100:8080 -r 10.2.0.15:8080 -m -w 0\n"
        "-A -u 10.1.0.100:53 -s rr\n"
        "-a -u 10.1.0.100:53 -r 10.2.0.11:53 -m -w 1\n"
        "-a -u 10.1.0.100:53 -r 10.2.0.12:53 -m -w 1\n"
        "-A -u 10.1.0.100:5060 -s rr -o\n");
  CHECK(test::listed("dr", "-Sn") ==
        "-A -t 10.1.0.100:80 -s wrr\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.11:80 -g -w 3\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.12:80 -g -w 2\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.13:80 -g -w 1\n"
        "-A -t 10.1.0.100:8080 -s wlc -p 600 -M 255.255.255.0\n"
        "-a -t 10.1.0.100:8080 -r 10.2.0.14:8080 -g -w 100 -x 1000 -y 500\n"
        "-a -t 10.1.0.100:8080 -r 10.2.0.15:8080 -g -w 0\n"
        "-A -u 10.1.0.100:53 -s rr\n"
        "-a -u 10.1.0.100:53 -r 10.2.0.11:53 -g -w 1\n"
        "-a -u 10.1.0.100:53 -r 10.2.0.12:53 -g -w 1\n"
        "-A -u 10.1.0.100:5060 -s rr -o\n");
  CHECK(test::listed("tunnel", "-Sn") ==
        "-A -t 10.1.0.100:80 -s wrr\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.11:80 -i -w 3 --tun-type ipip\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.12:80 -i -w 2 --tun-type ipip\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.13:80 -i -w 1 --tun-type ipip\n"
        "-A -t 10.1.0.100:8080 -s wlc -p 600 -M 255.255.255.0\n"
        "-a -t 10.1.0.100:8080 -r 10.2.0.14:8080 -i -w 100 --tun-type ipip -x 1000 -y 500\n"
        "-a -t 10.1.0.100:8080 -r 10.2.0.15:8080 -i -w 0 --tun-type ipip\n"
        "-A -u 10.1.0.100:53 -s rr\n"
        "-a -u 10.1.0.100:53 -r 10.2.0.11:53 -i -w 1 --tun-type ipip\n"
        "-a -u 10.1.0.100:53 -r 10.2.0.12:53 -i -w 1 --tun-type ipip\n"
        "-A -u 10.1.0.100:5060 -s rr -o\n");
}

TEST_CASE("ipvsadm: one service") {
  CHECK(test::listed("nat", "-Ln -t 10.1.0.100:80") ==
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.1.0.100:80 wrr\n"
        "  -> 10.2.0.11:80                 Masq    3      1          5         \n"
        "  -> 10.2.0.12:80                 Masq    2      1          3         \n"
        "  -> 10.2.0.13:80                 Masq    1      1          2         \n");
  CHECK(test::listed("nat", "-Ln --stats -t 10.1.0.100:80") ==
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n"
        "TCP  10.1.0.100:80                      13       69       56     3016     2488\n"
        "  -> 10.2.0.11:80                        6       33       27     1442     1196\n"
        "  -> 10.2.0.12:80                        4       21       17      918      756\n"
        "  -> 10.2.0.13:80                        3       15       12      656      536\n");
  CHECK(test::listed("nat", "-Ln -u 10.1.0.100:53") ==
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "UDP  10.1.0.100:53 rr\n"
        "  -> 10.2.0.11:53                 Masq    1      0          2         \n"
        "  -> 10.2.0.12:53                 Masq    1      0          3         \n");
}

TEST_CASE("ipvsadm: nothing configured") {
  CHECK(test::listed("empty", "-Ln") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n");
  CHECK(test::listed("empty", "-Ln --stats") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
        "  -> RemoteAddress:Port\n");
  CHECK(test::listed("empty", "-Ln --rate") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
        "  -> RemoteAddress:Port\n");
  CHECK(test::listed("empty", "-Ln --thresholds") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n");
  CHECK(test::listed("empty", "-Ln --persistent-conn") ==
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
        "  -> RemoteAddress:Port\n");
  CHECK(test::listed("empty", "-Lnc") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n");
  CHECK(test::listed("empty", "-Lnc --persistent-conn") ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination        pe name   "
        "       pe_data\n");
}

}  // namespace
}  // namespace control::ipvsadm
