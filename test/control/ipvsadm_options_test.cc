// ipvsadm's command line: what it takes, and its errors with their exit statuses.
#include "control/ipvsadm/options.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <vector>

namespace control::ipvsadm {
namespace {

using Words = std::initializer_list<std::string_view>;

Request parsed(Words words) {
  const auto request = parse(std::span(words.begin(), words.size()));
  REQUIRE(request.has_value());
  return *request;
}

// "STATUS TEXT"
std::string error(Words words) {
  const auto request = parse(std::span(words.begin(), words.size()));
  REQUIRE_FALSE(request.has_value());
  return std::to_string(request.error().status) + " " + request.error().text;
}

const std::string kTryHelp = "255 Try `ipvsadm -h' or 'ipvsadm --help' for more information.";

TEST_CASE("ipvsadm grammar: no word at all lists with names") {
  const Request request = parsed({});
  CHECK(request.verb == Verb::kList);
  CHECK_FALSE(request.list.numeric);
}

TEST_CASE("ipvsadm grammar: list by every name, options in clusters or apart") {
  for (const Words words : {Words{"-L", "-n", "-c"}, Words{"-Lnc"}, Words{"-lnc"},
                            Words{"-ln", "-c"}, Words{"--list", "--numeric", "--connection"}}) {
    const Request request = parsed(words);
    CHECK(request.verb == Verb::kList);
    CHECK(request.list.numeric);
    CHECK(request.list.connection);
  }
  CHECK(parsed({"-Ln", "--stats", "--exact"}).list.exact);
  CHECK(parsed({"-LX"}).list.exact);
  CHECK(parsed({"-L", "--sort"}).list.nosort == false);
  CHECK(parsed({"-L", "--nosort"}).list.nosort);
  CHECK(parsed({"-L", "--timeout"}).list.timeout);
  CHECK(parsed({"-L", "--daemon"}).list.daemon);
  CHECK(parsed({"-L", "--rate"}).list.rate);
  CHECK(parsed({"-L", "--thresholds"}).list.thresholds);
  CHECK(parsed({"-Lc", "--persistent-conn"}).list.persistent_conn);
  CHECK(parsed({"-L", "--tun-info"}).list.tun_info);
}

TEST_CASE(
    "ipvsadm grammar: a service is given apart, attached, with an equals sign, by port name") {
  const auto web = lb::Endpoint::parse("10.1.0.100:80").value();
  for (const Words words : {Words{"-Ln", "-t", "10.1.0.100:80"}, Words{"-Lnt", "10.1.0.100:80"},
                            Words{"-L", "-t10.1.0.100:80"}, Words{"-L", "-t=10.1.0.100:80"},
                            Words{"-L", "--tcp-service", "10.1.0.100:80"},
                            Words{"-L", "--tcp-service=10.1.0.100:80"}}) {
    const Request request = parsed(words);
    const auto* service = std::get_if<ServiceSelection>(&request.service);
    REQUIRE(service != nullptr);
    CHECK(service->protocol == lb::Protocol::kTcp);
    CHECK(service->address == web);
  }
  const Request dns = parsed({"-L", "-u", "[2001:db8::1]:53"});
  CHECK(std::get<ServiceSelection>(dns.service).protocol == lb::Protocol::kUdp);
  CHECK(std::get<ServiceSelection>(dns.service).address ==
        lb::Endpoint::parse("[2001:db8::1]:53").value());
  const Request portless = parsed({"-L", "-t", "10.1.0.100"});
  CHECK(std::get<ServiceSelection>(portless.service).address.port == 0);
  CHECK(std::holds_alternative<ForeignSelection>(parsed({"-L", "-f", "9"}).service));
  CHECK(std::holds_alternative<ForeignSelection>(
      parsed({"-L", "--sctp-service", "10.1.0.100:80"}).service));
}

TEST_CASE("ipvsadm grammar: addresses that ipvsadm refuses") {
  for (const std::string_view bad : {"10.1.0.300:80", "10.1.0.100:70000", "80", "10.1.0.100:",
                                     ":80", "10.1.0.100:nosuch", "[10.1.0.100]:80", "[::1]", ""}) {
    CHECK(error({"-L", "-t", bad}) == "2 illegal virtual server address[:port] specified");
  }
  CHECK(error({"-L", "-t", "localhost:80"}) ==
        "2 illegal virtual server address[:port] specified: lbd asks no DNS, so not the name "
        "localhost but its address is wanted");
  CHECK(error({"-L", "-f", "0"}) == "2 invalid fwmark value `0' specified");
  CHECK(error({"-L", "-f", "9x"}) == "2 invalid fwmark value `9x' specified");
}

TEST_CASE("ipvsadm grammar: help and version") {
  CHECK(parsed({"-h"}).verb == Verb::kHelp);
  CHECK(parsed({"--help"}).verb == Verb::kHelp);
  CHECK(parsed({"-v"}).verb == Verb::kVersion);
  CHECK(parsed({"--version"}).verb == Verb::kVersion);
}

TEST_CASE("ipvsadm grammar: the first option must be a verb that ipvsadm knows") {
  CHECK(error({"-X"}) == kTryHelp);
  CHECK(error({"-n"}) == kTryHelp);
  CHECK(error({"-nL"}) == kTryHelp);
  CHECK(error({"--nonsense"}) == kTryHelp);
  CHECK(error({"list"}) == kTryHelp);
  CHECK(error({"-"}) == kTryHelp);
  CHECK(error({"--"}) == kTryHelp);
}

TEST_CASE("ipvsadm grammar: later options") {
  CHECK(error({"-L", "--nonsense"}) == "255 --nonsense: unknown option");
  CHECK(error({"-Lq"}) == "255 -Lq: unknown option");
  CHECK(error({"-L", "-A"}) == "2 invalid option `-A'");
  CHECK(error({"-L", "-n", "-n"}) == "2 multiple 'numeric' options specified");
  CHECK(error({"-L", "-t", "1.2.3.4:1", "-u", "1.2.3.4:1"}) ==
        "2 multiple 'service-address' options specified");
  CHECK(error({"-L", "-t"}) == "255 -t: missing argument");
  CHECK(error({"-L", "--numeric=3"}) == "255 --numeric=3: option does not take an argument");
  CHECK(error({"-L", "here"}) == "2 unexpected argument here");
  CHECK(error({"-L", "json"}) == "2 unexpected argument json");
  CHECK(error({"-L", "--", "-n"}) == "2 unexpected argument -n");
}

TEST_CASE("ipvsadm grammar: combinations that list refuses") {
  CHECK(error({"-L", "-w", "3"}) == "2 Illegal 'weight' option with the 'list' command");
  CHECK(error({"-L", "-p"}) == "2 Illegal 'persistent' option with the 'list' command");
  CHECK(error({"-L", "-p", "360"}) == "2 Illegal 'persistent' option with the 'list' command");
  CHECK(error({"-Lc", "-t", "1.2.3.4:1"}) ==
        "2 The option 'service-address' conflicts with the 'connection' option in the 'list' "
        "command");
  CHECK(error({"-L", "--timeout", "--daemon"}) ==
        "2 The option 'daemon' conflicts with the 'timeout' option in the 'list' command");
  CHECK(error({"-Lc", "--stats"}) == "2 options conflicts in the list command");
  CHECK(error({"-L", "--timeout", "--persistent-conn"}) ==
        "2 options conflicts in the list command");
}

TEST_CASE("ipvsadm grammar: every command by its short and its long name") {
  const auto service = [](std::string_view verb) {
    return std::vector<std::string_view>{verb, "-t", "1.2.3.4:80"};
  };
  const auto server = [](std::string_view verb) {
    return std::vector<std::string_view>{verb, "-t", "1.2.3.4:80", "-r", "1.2.3.5"};
  };
  const auto verb = [](const std::vector<std::string_view>& words) {
    const auto request = parse(words);
    REQUIRE(request.has_value());
    return request->verb;
  };
  for (const auto word : {"-A", "--add-service"}) CHECK(verb(service(word)) == Verb::kAddService);
  for (const auto word : {"-E", "--edit-service"}) CHECK(verb(service(word)) == Verb::kEditService);
  for (const auto word : {"-D", "--delete-service"}) {
    CHECK(verb(service(word)) == Verb::kDeleteService);
  }
  for (const auto word : {"-Z", "--zero"}) CHECK(verb(service(word)) == Verb::kZero);
  for (const auto word : {"-a", "--add-server"}) CHECK(verb(server(word)) == Verb::kAddServer);
  for (const auto word : {"-e", "--edit-server"}) CHECK(verb(server(word)) == Verb::kEditServer);
  for (const auto word : {"-d", "--delete-server"}) {
    CHECK(verb(server(word)) == Verb::kDeleteServer);
  }
  for (const auto word : {"-C", "--clear"}) CHECK(parsed({word}).verb == Verb::kClear);
  for (const auto word : {"-R", "--restore"}) CHECK(parsed({word}).verb == Verb::kRestore);
  for (const auto word : {"-S", "--save"}) CHECK(parsed({word}).verb == Verb::kSave);
  CHECK(parsed({"-Sn"}).list.numeric);
  CHECK(parsed({"--set", "1", "0", "2678400"}).timeouts == std::array<uint32_t, 3>{1, 0, 2678400});
}

TEST_CASE("ipvsadm grammar: options of a service, and what stands for those left out") {
  const ServiceOptions none = parsed({"-A", "-t", "1.2.3.4:80"}).service_options;
  CHECK(none.scheduler == "wlc");
  CHECK(none.persistence_timeout == 0);
  CHECK(none.persistence_netmask.to_string() == "255.255.255.255");
  CHECK_FALSE(none.one_packet);
  const ServiceOptions all = parsed({"-E", "--udp-service=1.2.3.4:80", "-s", "sh", "-p", "600",
                                     "-M", "255.255.255.0", "--ops", "-b", "sh-port,sh-fallback"})
                                 .service_options;
  CHECK(all.scheduler == "sh");
  CHECK(all.persistence_timeout == 600);
  CHECK(all.persistence_netmask.to_string() == "255.255.255.0");
  CHECK(all.one_packet);
  CHECK(all.flags.fallback);
  CHECK(all.flags.port);
  CHECK(parsed({"-A", "-t", "1.2.3.4:80", "-p"}).service_options.persistence_timeout == 360);
  CHECK(parsed({"-A", "-p", "-t", "1.2.3.4:80"}).service_options.persistence_timeout == 360);
  CHECK(parsed({"-A", "-p60", "-t", "1.2.3.4:80"}).service_options.persistence_timeout == 60);
  CHECK(parsed({"-A", "--persistent=60", "-t", "1.2.3.4"}).service_options.persistence_timeout ==
        60);
  const SchedulerFlags first =
      parsed({"-A", "-t", "1.2.3.4:80", "-s", "mh", "-b", "flag-1"}).service_options.flags;
  CHECK(first.fallback);
  CHECK_FALSE(first.port);
  CHECK(parsed({"-A", "-t", "1.2.3.4:80", "-b", "mh-port", "-s", "mh"}).service_options.flags.port);
}

TEST_CASE("ipvsadm grammar: options of a server, and what stands for those left out") {
  const ServerOptions none = parsed({"-a", "-t", "1.2.3.4:80", "-r", "1.2.3.5"}).server;
  CHECK(none.address.to_string() == "1.2.3.5:80");
  CHECK(none.forward == "dr");
  CHECK(none.weight == 1);
  CHECK(none.upper_threshold == 0);
  CHECK(none.lower_threshold == 0);
  const ServerOptions all = parsed({"-at", "1.2.3.4:http", "-r", "1.2.3.5:8080", "-m", "-w",
                                    "65535", "-x", "2147483647", "-y", "+5"})
                                .server;
  CHECK(all.address.to_string() == "1.2.3.5:8080");
  CHECK(all.forward == "nat");
  CHECK(all.weight == 65535);
  CHECK(all.upper_threshold == 2147483647);
  CHECK(all.lower_threshold == 5);
  CHECK(parsed({"-a", "-r", "1.2.3.5", "-t", "1.2.3.4:80", "-m"}).server.address.port == 80);
  const ServerOptions tunnel =
      parsed({"-e", "-t", "1.2.3.4:80", "-r", "1.2.3.5:81", "-i", "--tun-type", "ipip"}).server;
  CHECK(tunnel.forward == "tunnel");
  CHECK(tunnel.address.port == 80);
  // -d has no forwarding method, so the port is what was said.
  CHECK(parsed({"-d", "-t", "1.2.3.4:80", "-r", "1.2.3.5:81"}).server.address.port == 81);
}

TEST_CASE("ipvsadm grammar: which option goes with which command") {
  const auto need = [](std::string_view option, std::string_view command) {
    return fmt::format("2 You need to supply the '{}' option for the '{}' command", option,
                       command);
  };
  const auto illegal = [](std::string_view option, std::string_view command) {
    return fmt::format("2 Illegal '{}' option with the '{}' command", option, command);
  };
  CHECK(error({"-A"}) == need("service-address", "add-service"));
  CHECK(error({"-E", "-s", "rr"}) == need("service-address", "edit-service"));
  CHECK(error({"-D"}) == need("service-address", "delete-service"));
  CHECK(error({"-a", "-r", "1.2.3.5"}) == need("service-address", "add-server"));
  CHECK(error({"-a", "-t", "1.2.3.4:80"}) == need("real-server", "add-server"));
  CHECK(error({"-e", "-t", "1.2.3.4:80"}) == need("real-server", "edit-server"));
  CHECK(error({"-d", "-t", "1.2.3.4:80"}) == need("real-server", "delete-server"));
  CHECK(error({"-A", "-t", "1.2.3.4:80", "-w", "1"}) == illegal("weight", "add-service"));
  CHECK(error({"-D", "-t", "1.2.3.4:80", "-s", "rr"}) == illegal("scheduler", "delete-service"));
  CHECK(error({"-a", "-t", "1.2.3.4:80", "-r", "1.2.3.5", "-p"}) ==
        illegal("persistent", "add-server"));
  CHECK(error({"-d", "-t", "1.2.3.4:80", "-r", "1.2.3.5", "-m"}) ==
        illegal("forwarding-method", "delete-server"));
  CHECK(error({"-C", "-n"}) == illegal("numeric", "flush"));
  CHECK(error({"-Rn"}) == illegal("numeric", "restore"));
  CHECK(error({"-Sc"}) == illegal("connection", "save"));
  CHECK(error({"-S", "-t", "1.2.3.4:80"}) == illegal("service-address", "save"));
  CHECK(error({"-Z", "-s", "rr"}) == illegal("scheduler", "zero"));
  CHECK(error({"--set", "1", "2", "3", "-n"}) == illegal("numeric", "set"));
}

TEST_CASE("ipvsadm grammar: values that are refused") {
  const auto of_service = [](std::string_view option, std::string_view value) {
    return error({"-A", "-t", "1.2.3.4:80", option, value});
  };
  const auto of_server = [](std::string_view option, std::string_view value) {
    return error({"-a", "-t", "1.2.3.4:80", "-r", "1.2.3.5", option, value});
  };
  CHECK(of_service("-p", "0") == "2 invalid timeout value `0' specified");
  CHECK(of_service("-p", "2678401") == "2 invalid timeout value `2678401' specified");
  CHECK(of_service("-p", "1h") == "2 invalid timeout value `1h' specified");
  CHECK(of_service("-M", "x") == "2 illegal virtual server persistent mask specified");
  CHECK(of_service("-b", "sh-prot") == "2 invalid scheduler flag `sh-prot'");
  CHECK(of_service("-b", "sh-port") == "2 incompatible scheduler flag `sh-port'");
  CHECK(of_service("-b", ",") == "2 invalid scheduler flag `'");
  CHECK(of_service("-b", "flag-3") == "2 no scheduler of lbd has a third flag (flag-3)");
  for (const std::string_view weight : {"-1", "", "1x", "2147483648", "99999999999999999999"}) {
    CHECK(of_server("-w", weight) == "2 illegal weight specified");
  }
  CHECK(of_server("-w", "65536") == "2 illegal weight specified: lbd's go from 0 to 65535");
  CHECK(of_server("-x", "-1") == "2 illegal u_threshold specified");
  CHECK(of_server("-y", "x") == "2 illegal l_threshold specified");
  CHECK(of_server("--tun-type", "vxlan") == "2 illegal tunnel type specified");
  CHECK(error({"-a", "-t", "1.2.3.4:80", "-r", "1.2.3.500"}) ==
        "2 illegal real server address[:port] specified");
  CHECK(error({"-a", "-t", "1.2.3.4:80", "-r", "web1:80"}) ==
        "2 illegal real server address[:port] specified: lbd asks no DNS, so not the name web1 but "
        "its address is wanted");
  CHECK(error({"--set", "1", "2"}) == "2 --set option requires 3 timeout values");
  CHECK(error({"--set", "1", "2", "x"}) == "2 invalid timeout value `x' specified");
  CHECK(error({"--set", "1", "2", "3", "4"}) == "2 unexpected argument 4");
  CHECK(error({"--set", "1", "2", "-3"}) == "255 -3: unknown option");
  CHECK(error({"-A", "-t", "1.2.3.4:0"}) == "2 Zero port specified for non-persistent service");
  CHECK(error({"-E", "-t", "1.2.3.4"}) == "2 Zero port specified for non-persistent service");
  CHECK(error({"-A", "-t", "1.2.3.4:80", "-o"}) ==
        "2 One-Packet Scheduling is only for UDP virtual services");
}

TEST_CASE("ipvsadm grammar: of several mistakes the first is reported that ipvsadm reports") {
  CHECK(error({"-D", "-t", "1.2.3.4:80", "-s", "rr", "-w", "x"}) == "2 illegal weight specified");
  CHECK(error({"-A", "-r", "x", "-n", "-n"}).starts_with("2 illegal real server address"));
  CHECK(error({"-A", "-q", "-w", "x"}) == "255 -q: unknown option");
  CHECK(error({"-A", "here", "-n"}) == "2 unexpected argument here");
  CHECK(error({"-A", "-s", "rr", "-b", "sh-port", "-n"}) ==
        "2 incompatible scheduler flag `sh-port'");
  CHECK(error({"-A", "-t", "1.2.3.4:0", "-n"}) ==
        "2 Illegal 'numeric' option with the 'add-service' command");
}

TEST_CASE("ipvsadm grammar: tunnels") {
  const auto of_server = [](Words words) {
    std::vector<std::string_view> all{"-a", "-t", "1.2.3.4:80", "-r", "1.2.3.5"};
    all.insert(all.end(), words.begin(), words.end());
    const auto request = parse(all);
    REQUIRE_FALSE(request.has_value());
    return std::to_string(request.error().status) + " " + request.error().text;
  };
  CHECK(of_server({"-m", "--tun-type", "ipip"}) == "2 Tunnel options conflict with forward method");
  CHECK(of_server({"-i", "--tun-port", "80"}) ==
        "2 Illegal 'tun-port' option with the 'ipip' tunnel type");
  CHECK(of_server({"-i", "--tun-csum"}) ==
        "2 Illegal 'tun-csum' option with the 'ipip' tunnel type");
  CHECK(of_server({"-i", "--tun-type", "gue", "--tun-port", "6080"}) ==
        "2 lbd has no gue tunnels yet: only --tun-type ipip");
  CHECK(of_server({"-i", "--tun-type", "gre"}) ==
        "2 lbd has no gre tunnels yet: only --tun-type ipip");
}

TEST_CASE("ipvsadm grammar: what lbd does not have is refused by name") {
  CHECK(error({"-A", "-f", "9"}) == "2 lbd has no firewall-mark services yet");
  CHECK(error({"-a", "-f", "9", "-r", "1.2.3.4:0"}) == "2 lbd has no firewall-mark services yet");
  CHECK(error({"-D", "-f", "9", "-6"}) == "2 lbd has no firewall-mark services yet");
  CHECK(error({"-A", "--sctp-service", "1.2.3.4:80"}) == "2 lbd has no SCTP services yet");
  CHECK(error({"-A", "-u", "1.2.3.4:80", "--pe", "sip"}) ==
        "2 lbd has no persistence engines (--pe) yet");
  CHECK(error({"-A", "-t", "[2001:db8::1]:80"}) == "2 lbd speaks no IPv6 yet");
  CHECK(error({"-a", "-t", "1.2.3.4:80", "-r", "[2001:db8::1]:80", "-i"}) ==
        "2 lbd speaks no IPv6 yet");
  CHECK(error({"-A", "-t", "1.2.3.4:80", "-6"}) == "2 -6 used before -f");
  for (const Words words :
       {Words{"--start-daemon", "master", "--mcast-interface", "eth0"},
        Words{"--start-daemon=backup", "--syncid", "7"}, Words{"--stop-daemon", "backup"}}) {
    CHECK(error(words) ==
          "2 lbd does not share connections with another director yet: it has no sync daemon to "
          "start or stop");
  }
  CHECK(error({"--start-daemon", "both"}) == "2 illegal start-daemon parameter specified");
  CHECK(error({"--stop-daemon", "both"}) == "2 illegal start_daemon specified");
  CHECK(error({"--start-daemon"}) == kTryHelp);
  CHECK(error({"--start-daemon", "master", "--mcast-ttl", "0"}) == "2 illegal mcast-ttl specified");
}

}  // namespace
}  // namespace control::ipvsadm
