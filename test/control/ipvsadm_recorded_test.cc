// ipvsadm's output, compared with what ipvsadm 1.31 printed over the kernel's LVS after known
// traffic.
#include <catch2/catch.hpp>

#include "control/ipvsadm/listing.h"
#include "control/ipvsadm/options.h"
#include "test/control/lvs_facts.h"

namespace control::ipvsadm {
namespace {

std::string run(std::string_view method, const std::string& line) {
  const Reply reply = test::run_ipvsadm(method, line);
  REQUIRE(reply.has_value());
  return *reply;
}

// As run, with a services database of its own: the machine's may be missing.
std::string named(std::string_view method, const std::string& line) {
  const auto name = [](uint16_t port, lb::Protocol protocol) -> std::string {
    if (port == 80 && protocol == lb::Protocol::kTcp) return "http";
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

}  // namespace
}  // namespace control::ipvsadm
