// ipvsadm's changing commands: what they do, and what they answer.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "test/control/ipvsadm_director.h"
#include "test/control/lvs_facts.h"

namespace control::ipvsadm {
namespace {

using test::IpvsadmDirector;

// The recorded session in which most lines are mistakes, line by line. Where lbd answers otherwise,
// a comment says why.
TEST_CASE("ipvsadm: the recorded errors") {
  struct Line {
    const char* command;
    const char* output;
    const char* document = "";
  };
  const Line lines[] = {
      {"-A -t 10.1.0.100:80", "[exit 0]"},
      {"-A -t 10.1.0.100:80", "Service already exists\n[exit 255]"},
      {"-A -t 10.1.0.100:80 -s nosuch", "Service already exists\n[exit 255]"},
      {"-A -t 10.1.0.100:81 -s nosuch", "Scheduler or persistence engine not found\n[exit 255]"},
      {"-E -t 10.1.0.100:99 -s rr", "No such service\n[exit 255]"},
      {"-D -t 10.1.0.100:99", "No such service\n[exit 255]"},
      {"-a -t 10.1.0.100:99 -r 10.2.0.11:80 -m", "Service not defined\n[exit 255]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.11:80 -m", "[exit 0]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.11:80 -m", "Destination already exists\n[exit 255]"},
      {"-e -t 10.1.0.100:80 -r 10.2.0.99:80 -m -w 1", "No such destination\n[exit 255]"},
      {"-d -t 10.1.0.100:80 -r 10.2.0.99:80", "No such destination\n[exit 255]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.12:8080 -g", "[exit 0]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.13 -m", "[exit 0]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.13:0 -m", "Destination already exists\n[exit 255]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.14:80 -m -w -1", "illegal weight specified\n[exit 2]"},
      // LVS takes these two weights; lbd's schedulers count to 65535.
      {"-a -t 10.1.0.100:80 -r 10.2.0.14:80 -m -w 65536",
       "illegal weight specified: lbd's go from 0 to 65535\n[exit 2]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.15:80 -m -w 2147483647",
       "illegal weight specified: lbd's go from 0 to 65535\n[exit 2]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.16:80 -m -x 5 -y 10",
       "Numerical result out of range\n[exit 255]"},
      {"-a -t 10.1.0.100:80 -r 10.2.0.17:80 -m -x 10 -y 5", "[exit 0]"},
      {"-A -t 10.1.0.100:0 -s rr", "Zero port specified for non-persistent service\n[exit 2]"},
      {"-A -t 10.1.0.100:0 -s rr -p", "[exit 0]"},
      {"-A -t 10.1.0.100:82 -s rr -o",
       "One-Packet Scheduling is only for UDP virtual services\n[exit 2]"},
      {"-A -u 10.1.0.100:82 -s rr -o", "[exit 0]"},
      {"-A -t 10.1.0.100 -s rr", "Zero port specified for non-persistent service\n[exit 2]"},
      {"-A -t 10.1.0.100:70000 -s rr", "illegal virtual server address[:port] specified\n[exit 2]"},
      {"-A -t 10.1.0.300:80 -s rr", "illegal virtual server address[:port] specified\n[exit 2]"},
      {"-A -f 0 -s rr", "invalid fwmark value `0' specified\n[exit 2]"},
      // lbd has none.
      {"-A -f 1 -s rr", "lbd has no firewall-mark services yet\n[exit 2]"},
      {"-A -t 10.1.0.100:83 -p 0", "invalid timeout value `0' specified\n[exit 2]"},
      {"-A -t 10.1.0.100:84 -p 99999999", "invalid timeout value `99999999' specified\n[exit 2]"},
      {"-A -t 10.1.0.100:85 -p -M 255.0.255.0", "[exit 0]"},
      {"-Ln -t 10.1.0.100:99", "No such service\n[exit 1]"},
      {"-Z -t 10.1.0.100:99", "No such service\n[exit 255]"},
      {"-Z -t 10.1.0.100:80", "[exit 0]"},
      {"--set 10 20 30", "[exit 0]"},
      {"-L --timeout", "Timeout (tcp tcpfin udp): 10 20 30\n[exit 0]"},
      {"--set 0 0 0", "[exit 0]"},
      {"-L --timeout", "Timeout (tcp tcpfin udp): 10 20 30\n[exit 0]"},
      {"--set 1 2", "--set option requires 3 timeout values\n[exit 2]"},
      {"-X", "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n[exit 255]"},
      {"--version", "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n[exit 0]"},
      // lbd has no sync daemon.
      {"--start-daemon master --mcast-interface cD --syncid 7",
       "lbd does not share connections with another director yet: it has no sync daemon to start "
       "or stop\n[exit 2]"},
      {"-L --daemon", "[exit 0]"},
      // lbd says which line it was.
      {"-R",
       "line 1: Try `ipvsadm -h' or 'ipvsadm --help' for more information. (nonsense)\n[exit 255]",
       "nonsense"},
      {"-C", "[exit 0]"},
      {"-Ln",
       "IP Virtual Server version 1.2.1 (size=4096)\n"
       "Prot LocalAddress:Port Scheduler Flags\n"
       "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n[exit 0]"},
  };
  IpvsadmDirector director;
  for (const Line& line : lines) {
    INFO(line.command);
    CHECK(director.transcript(line.command, line.document) == line.output);
  }
}

TEST_CASE("ipvsadm: what the recorded session leaves") {
  IpvsadmDirector director;
  for (const char* line : {"-A -t 10.1.0.100:80", "-a -t 10.1.0.100:80 -r 10.2.0.11:80 -m",
                           "-a -t 10.1.0.100:80 -r 10.2.0.12:8080 -g",
                           "-a -t 10.1.0.100:80 -r 10.2.0.13 -m", "-A -t 10.1.0.100:0 -s rr -p"}) {
    director.output(line);
  }
  const std::string list = director.output("-Ln");
  CHECK(list.substr(list.find("TCP")) ==
        "TCP  10.1.0.100:0 rr persistent 360\n"
        "TCP  10.1.0.100:80 wlc\n"
        "  -> 10.2.0.11:80                 Masq    1      0          0         \n"
        "  -> 10.2.0.12:80                 Route   1      0          0         \n"
        "  -> 10.2.0.13:80                 Masq    1      0          0         \n");
}

TEST_CASE("ipvsadm -A: a service has its derived name and every default") {
  IpvsadmDirector director;
  director.output("-A -u 10.1.0.100:53 -s sh");
  conf::Service expected;
  expected.name = "udp:10.1.0.100:53";
  expected.protocol = lb::Protocol::kUdp;
  expected.address = test::endpoint("10.1.0.100:53");
  expected.scheduler = "sh";
  expected.scheduler_options = {{"port", false}, {"fallback", false}, {"size", uint64_t{4093}}};
  CHECK(director.changes.config.services == std::vector{expected});
}

TEST_CASE("ipvsadm -E: what is left out returns to its default; the rest of the service stays") {
  IpvsadmDirector director;
  director.output("-A -u 10.1.0.100:53 -s sh -b sh-port -p 600 -M 255.255.0.0 -o");
  director.output("-a -u 10.1.0.100:53 -r 10.2.0.1 -m");
  conf::Service& service = director.changes.config.services[0];
  service.name = "dns";
  service.slow_start = 30;
  service.scheduler_options["size"] = uint64_t{251};
  const std::vector<conf::Server> servers = service.servers;

  director.output("-E -u 10.1.0.100:53 -s sh -b sh-fallback");
  CHECK(director.output("-Sn").starts_with("-A -u 10.1.0.100:53 -s sh -b sh-fallback\n"));
  CHECK(director.changes.config.services[0].scheduler_options ==
        conf::Options{{"port", false}, {"fallback", true}, {"size", uint64_t{251}}});

  director.output("-E -u 10.1.0.100:53");
  const conf::Service& after = director.changes.config.services[0];
  CHECK(after.name == "dns");
  CHECK(after.slow_start == 30);
  CHECK(after.scheduler == "wlc");
  CHECK(after.scheduler_options.empty());
  CHECK(after.persistence_timeout == 0);
  CHECK(after.persistence_netmask == conf::Service{}.persistence_netmask);
  CHECK_FALSE(after.one_packet);
  CHECK(after.servers == servers);
}

TEST_CASE("ipvsadm -e: what is left out returns to its default; the operator's state stays") {
  IpvsadmDirector director;
  director.output("-A -t 10.1.0.100:80");
  director.output("-a -t 10.1.0.100:80 -r 10.2.0.1 -g -w 5 -x 10 -y 5");
  director.changes.config.services[0].servers[0].state = conf::ServerState::kDrain;
  director.output("-e -t 10.1.0.100:80 -r 10.2.0.1");
  const conf::Server& server = director.changes.config.services[0].servers[0];
  CHECK(server.weight == 1);
  CHECK(server.forward == "dr");
  CHECK(server.upper_threshold == 0);
  CHECK(server.lower_threshold == 0);
  CHECK(server.state == conf::ServerState::kDrain);
}

TEST_CASE("ipvsadm -e: without -m the server on another port is not found, as in LVS") {
  IpvsadmDirector director;
  director.output("-A -t 10.1.0.100:80");
  director.output("-a -t 10.1.0.100:80 -r 10.2.0.1:8080 -m");
  CHECK(director.error("-e -t 10.1.0.100:80 -r 10.2.0.1:8080 -w 2") == "255 No such destination");
  director.output("-e -t 10.1.0.100:80 -r 10.2.0.1:8080 -m -w 2");
  CHECK(director.error("-d -t 10.1.0.100:80 -r 10.2.0.1") == "255 No such destination");
  director.output("-d -t 10.1.0.100:80 -r 10.2.0.1:8080");
  CHECK(director.changes.config.services[0].servers.empty());
}

TEST_CASE("ipvsadm: what a service is missing is said before what a server is") {
  IpvsadmDirector director;
  CHECK(director.error("-a -t 10.1.0.100:80 -r 10.2.0.1 -x 1 -y 2") == "255 Service not defined");
  CHECK(director.error("-e -t 10.1.0.100:80 -r 10.2.0.1") == "255 Service not defined");
  CHECK(director.error("-d -t 10.1.0.100:80 -r 10.2.0.1") == "255 Service not defined");
  CHECK(director.error("-E -t 10.1.0.100:80 -s nosuch") == "255 No such service");
  director.output("-A -t 10.1.0.100:80");
  CHECK(director.error("-E -t 10.1.0.100:80 -s nosuch") ==
        "255 Scheduler or persistence engine not found");
  CHECK(director.error("-e -t 10.1.0.100:80 -r 10.2.0.1 -x 1 -y 2") ==
        "255 Numerical result out of range");
}

TEST_CASE("ipvsadm -b: a flag that the scheduler does not have is refused") {
  IpvsadmDirector director;
  CHECK(director.error("-A -t 10.1.0.100:80 -s rr -b flag-1") ==
        "255 lbd's scheduler rr has no flag \"fallback\"");
  director.output("-A -t 10.1.0.100:80 -s mh -b flag-1,mh-port");
  CHECK(director.output("-Ln -t 10.1.0.100:80")
            .ends_with("TCP  10.1.0.100:80 mh (mh-fallback,mh-port)\n"));
}

TEST_CASE("ipvsadm: what is deleted drains") {
  for (const char* line : {"-D -t 10.1.0.100:80", "-d -t 10.1.0.100:80 -r 10.2.0.1", "-C"}) {
    IpvsadmDirector director;
    director.output("-A -t 10.1.0.100:80");
    director.output("-a -t 10.1.0.100:80 -r 10.2.0.1");
    director.changes.last_farewell.reset();
    director.output(line);
    REQUIRE(director.changes.last_farewell.has_value());
    CHECK(director.changes.last_farewell->kind == Farewell::Kind::kDrain);
    CHECK_FALSE(director.changes.last_farewell->deadline_seconds.has_value());
  }
}

TEST_CASE("ipvsadm -Z: of one service or of all") {
  IpvsadmDirector director;
  director.output("-A -t 10.1.0.100:80");
  director.output("-Z");
  director.output("-Zt 10.1.0.100:80");
  const ServiceKey web{lb::Protocol::kTcp, test::endpoint("10.1.0.100:80")};
  CHECK(director.changes.cleared == std::vector<std::optional<ServiceKey>>{std::nullopt, web});
}

TEST_CASE("ipvsadm: what the configuration's checks say comes as it is, with status 255") {
  IpvsadmDirector director;
  director.changes.refusal = Refusal{Refusal::Kind::kInvalid, "unreachable"};
  for (const char* line : {"-A -t 10.1.0.100:80", "-D -t 10.1.0.100:80", "-C", "--set 1 2 3",
                           "-a -t 10.1.0.100:80 -r 10.2.0.1"}) {
    CHECK(director.error(line) == "255 unreachable");
  }
}

TEST_CASE("ipvsadm: a socket of level read may list and save, and change nothing") {
  IpvsadmDirector director;
  for (const char* line : {"", "-L", "-Lnc", "-S", "-h", "-v"}) {
    CHECK(director.run(line, {}, Level::kRead).has_value());
  }
  for (const char* line : {"-A -t 10.1.0.100:80", "-C", "-Z", "--set 1 2 3", "-R"}) {
    const Reply reply = director.run(line, "-A -t 10.1.0.100:80\n", Level::kRead);
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().status == 2);
    CHECK(reply.error().text == fmt::format("ipvsadm {}: this socket may only look; use one with "
                                            "level admin",
                                            test::split(line).front()));
  }
  CHECK(director.changes.config.services.empty());
}

// The article's scripts, which begin with -C and may be run again at any time.
TEST_CASE("ipvsadm: the article's scripts, once and again") {
  const std::initializer_list<const char*> nat{
      "-C", "-A -t 192.168.22.11:80 -s wlc", "-a -t 192.168.22.11:80 -r 192.168.11.100:80 -m -w 2",
      "-a -t 192.168.22.11:80 -r 192.168.11.101:80 -m -w 1"};
  const std::initializer_list<const char*> dr{
      "-C", "-A -t 192.168.11.110:80 -s wrr",
      "-a -t 192.168.11.110:80 -r 192.168.11.100:80 -g -w 2",
      "-a -t 192.168.11.110:80 -r 192.168.11.101:80 -g -w 1"};
  IpvsadmDirector director;
  for (int run = 0; run < 2; ++run) {
    for (const char* line : nat) CHECK(director.output(line).empty());
    CHECK(director.output("-ln") ==
          "IP Virtual Server version 1.2.1 (size=4096)\n"
          "Prot LocalAddress:Port Scheduler Flags\n"
          "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
          "TCP  192.168.22.11:80 wlc\n"
          "  -> 192.168.11.100:80            Masq    2      0          0         \n"
          "  -> 192.168.11.101:80            Masq    1      0          0         \n");
  }
  for (int run = 0; run < 2; ++run) {
    for (const char* line : dr) CHECK(director.output(line).empty());
    const std::string list = director.output("-ln");
    CHECK(list.substr(list.find("TCP")) ==
          "TCP  192.168.11.110:80 wrr\n"
          "  -> 192.168.11.100:80            Route   2      0          0         \n"
          "  -> 192.168.11.101:80            Route   1      0          0         \n");
  }
  // A script without -C that is run again hears of each line that it is there already.
  CHECK(director.error("-A -t 192.168.11.110:80 -s rr") == "255 Service already exists");
  CHECK(director.error("-a -t 192.168.11.110:80 -r 192.168.11.100:80 -g -w 1") ==
        "255 Destination already exists");
}

// Every form in which ldirectord 4.12 calls ipvsadm.
TEST_CASE("ipvsadm: as ldirectord calls it") {
  IpvsadmDirector director;
  for (const char* line :
       {"-A -t 10.1.0.100:80 -s wrr -p 600 -M 255.255.255.0 ", "-A -u 10.1.0.100:53 -o -s rr ",
        "-A -t 10.1.0.100:81 -s sh -b sh-port,sh-fallback ",
        "-E -t 10.1.0.100:80 -s wrr -p 600 -M 255.255.255.0 ",
        "-a -t 10.1.0.100:80 -x 0 -y 0 -r 10.2.0.1:80 -g -w 1",
        "-a -t 10.1.0.100:80 -x 100 -y 50 -r 10.2.0.2:8080 -m -w 2",
        "-a -t 10.1.0.100:80 -r 10.2.0.3:80 -i -w 0", "-e -t 10.1.0.100:80 -r 10.2.0.1:80 -g -w 0",
        "-e -t 10.1.0.100:80 -x 0 -y 0 -r 10.2.0.1:80 -g -w 1",
        "-d -t 10.1.0.100:80 -r 10.2.0.3:80", "-D -t 10.1.0.100:81"}) {
    CHECK(director.output(line).empty());
  }
  // Its expressions want these columns.
  const std::string list = director.output("-L -n");
  CHECK(list.substr(list.find("TCP")) ==
        "TCP  10.1.0.100:80 wrr persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.1:80                  Route   1      0          0         \n"
        "  -> 10.2.0.2:8080                Masq    2      0          0         \n"
        "UDP  10.1.0.100:53 rr ops\n");
  const std::string thresholds = director.output("-L -n --thresholds");
  CHECK(thresholds.substr(thresholds.find("TCP")) ==
        "TCP  10.1.0.100:80 wrr persistent 600 mask 255.255.255.0\n"
        "  -> 10.2.0.1:80                  0          0          0          0         \n"
        "  -> 10.2.0.2:8080                100        50         0          0         \n"
        "UDP  10.1.0.100:53 rr ops\n");
}

TEST_CASE("ipvsadm -h: names every command and option") {
  IpvsadmDirector director;
  const std::string help = director.output("-h");
  for (const char* word : {"--add-service",
                           "--edit-service",
                           "--delete-service",
                           "--clear",
                           "--add-server",
                           "--edit-server",
                           "--delete-server",
                           "--restore",
                           "--save",
                           "--list",
                           "--zero",
                           "--set",
                           "--help",
                           "--version",
                           "--tcp-service",
                           "--udp-service",
                           "--scheduler",
                           "--persistent",
                           "--netmask",
                           "--ops",
                           "--sched-flags",
                           "--real-server",
                           "--gatewaying",
                           "--ipip",
                           "--tun-type",
                           "--masquerading",
                           "--weight",
                           "--u-threshold",
                           "--l-threshold",
                           "--connection",
                           "--timeout",
                           "--daemon",
                           "--stats",
                           "--rate",
                           "--exact",
                           "--thresholds",
                           "--persistent-conn",
                           "--tun-info",
                           "--nosort",
                           "--sort",
                           "--numeric",
                           "--fwmark-service",
                           "--sctp-service",
                           "--ipv6",
                           "--pe",
                           "--start-daemon",
                           "--stop-daemon"}) {
    CHECK(help.find(word) != std::string::npos);
  }
}

}  // namespace
}  // namespace control::ipvsadm
