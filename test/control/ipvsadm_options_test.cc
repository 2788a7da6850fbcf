// ipvsadm's command line: what it takes, and its errors with their exit statuses.
#include "control/ipvsadm/options.h"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>

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
    const auto* service = std::get_if<ServiceSelection>(&request.list.service);
    REQUIRE(service != nullptr);
    CHECK(service->protocol == lb::Protocol::kTcp);
    CHECK(service->address == web);
  }
  const Request dns = parsed({"-L", "-u", "[2001:db8::1]:53"});
  CHECK(std::get<ServiceSelection>(dns.list.service).protocol == lb::Protocol::kUdp);
  CHECK(std::get<ServiceSelection>(dns.list.service).address ==
        lb::Endpoint::parse("[2001:db8::1]:53").value());
  const Request portless = parsed({"-L", "-t", "10.1.0.100"});
  CHECK(std::get<ServiceSelection>(portless.list.service).address.port == 0);
  CHECK(std::holds_alternative<ForeignSelection>(parsed({"-L", "-f", "9"}).list.service));
  CHECK(std::holds_alternative<ForeignSelection>(
      parsed({"-L", "--sctp-service", "10.1.0.100:80"}).list.service));
}

TEST_CASE("ipvsadm grammar: addresses that ipvsadm refuses") {
  for (const std::string_view bad :
       {"10.1.0.300:80", "10.1.0.100:70000", "80", "www.example.com:80", "10.1.0.100:", ":80",
        "[10.1.0.100]:80", "[::1]", ""}) {
    CHECK(error({"-L", "-t", bad}) == "2 illegal virtual server address[:port] specified");
  }
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

TEST_CASE("ipvsadm grammar: verbs that lbd does not know yet are told by their first word") {
  for (const std::string_view word :
       {"-A", "-E", "-D", "-C", "-a", "-e", "-d", "-Z", "--set", "--start-daemon", "--stop-daemon",
        "--add-service", "--zero"}) {
    CHECK(parsed({word, "-t", "nonsense"}).verb == Verb::kChange);
  }
  CHECK(parsed({"-S", "-n"}).verb == Verb::kSave);
  CHECK(parsed({"-R"}).verb == Verb::kRestore);
  CHECK(parsed({"--restore"}).verb == Verb::kRestore);
}

}  // namespace
}  // namespace control::ipvsadm
