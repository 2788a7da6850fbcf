// What `explain` says, word by word.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "control/command_table.h"
#include "control/interpreter.h"
#include "control/vocabulary.h"
#include "test/control/explained_packets.h"
#include "tools/replay/facts.h"

namespace control {
namespace {

using nlohmann::json;

const char* const kDirector = R"({
  "interfaces": [
    {"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"]},
    {"name": "lan", "device": "b", "addresses": ["10.2.0.1/16"]}],
  "routes": [{"destination": "10.9.0.0/16", "gateway": "10.2.0.254"}],
  "services": [
    {"name": "web", "protocol": "tcp", "address": "10.1.0.100:80", "scheduler": "wlc", "servers": [
      {"address": "10.2.4.1:8080", "weight": 2}, {"address": "10.2.4.2:8080"},
      {"address": "10.2.4.3:8080", "weight": 0}]},
    {"name": "far", "protocol": "udp", "address": "10.1.0.100:53", "scheduler": "rr",
     "forward": "tunnel", "servers": [{"address": "10.9.4.1:53"}, {"address": "10.9.4.2:53"}]},
    {"name": "near", "protocol": "tcp", "address": "10.1.0.101:80", "scheduler": "sh",
     "forward": "dr", "servers": [{"address": "10.2.4.1:80"}]}],
  "connections": {"capacity": 1024}
})";

// More services, of what lasts beyond a connection.
const char* const kServices = R"([
    {"name": "every", "protocol": "tcp", "address": "10.1.0.102:0", "scheduler": "rr",
     "persistence_timeout": 60, "servers": [{"address": "10.2.4.1"}, {"address": "10.2.4.2"}]},
    {"name": "small", "protocol": "tcp", "address": "10.1.0.103:80", "scheduler": "rr",
     "servers": [{"address": "10.2.4.1:81", "upper_threshold": 1}, {"address": "10.2.4.2:81"}]}
])";

conf::Config director() {
  json file = json::parse(kDirector);
  for (const json& service : json::parse(kServices)) file["services"].push_back(service);
  const auto config = conf::load(file.dump(), vocabulary());
  if (!config) FAIL(config.error().front().to_string());
  return *config;
}

struct Explained {
  replay::Run run{{.config = director(),
                   .macs = {*lb::MacAddress::parse("02:ff:00:00:00:01"),
                            *lb::MacAddress::parse("02:ff:00:00:00:02")},
                   .answer_arp = true}};
  replay::Facts facts{run, ""};
  Interpreter interpreter{command_table(), facts};

  std::string execute(std::string_view line) { return interpreter.execute(line, Level::kRead, ""); }
  json execute_json(const std::string& line) { return json::parse(execute(line + " json")); }
  void send(lb::Protocol protocol, std::string_view from, std::string_view to) {
    run.receive(0, 0, frame_of({protocol, endpoint(from), endpoint(to)}, "S", run.link(0).mac));
  }
};

TEST_CASE_METHOD(Explained, "explain: a connection that would be opened") {
  send(lb::Protocol::kTcp, "10.1.0.10:4000", "10.1.0.100:80");
  CHECK(execute("explain tcp 10.1.0.10:4001 10.1.0.100:80") ==
        "packet      tcp 10.1.0.10:4001 -> 10.1.0.100:80\n"
        "service     web has 10.1.0.100:80, scheduler wlc\n"
        "worker      0 (lcore 0)\n"
        "connection  none yet\n"
        "outcome     new: a SYN opens a connection; anything else earns a reset\n"
        "server      10.2.4.2:8080, as things stand: least loaded: load 0 / weight 1\n"
        "rewrite     nat: destination 10.1.0.100:80 -> 10.2.4.2:8080\n"
        "next hop    10.2.4.2 by lan, no MAC yet: the packet waits for ARP (unknown)\n"
        "mtu         1500 on the link\n"
        "\n"
        "server         forward  weight  state  active  inactive  limits  takes_it  why\n"
        "10.2.4.1:8080  nat           2  ready       1         0       -  no        more loaded: "
        "load 256 / weight 2 against load 0 / weight 1\n"
        "10.2.4.2:8080  nat           1  ready       0         0       -  yes       least loaded: "
        "load 0 / weight 1\n"
        "10.2.4.3:8080  nat           0  ready       0         0       -  no        weight 0\n");
}

TEST_CASE_METHOD(Explained, "explain: a connection that is there") {
  send(lb::Protocol::kTcp, "10.1.0.10:4000", "10.1.0.100:80");
  const json told = execute_json("explain tcp 10.1.0.10:4000 10.1.0.100:80");
  CHECK(told["outcome"] == "connection");
  CHECK(told["connection"] == json{{"state", "SYN_RECV"},
                                   {"client", "10.1.0.10:4000"},
                                   {"virtual", "10.1.0.100:80"},
                                   {"server", "10.2.4.1:8080"},
                                   {"service", "web"},
                                   {"forward", "nat"},
                                   {"expires_seconds", 60.0},
                                   {"inbound", true},
                                   {"cut", false}});
  CHECK(told["next_hop"]["state"] == "reachable");
  CHECK(told["next_hop"]["mac"] == "02:00:0a:02:04:01");
  CHECK(told["servers"].empty());
  const json reply = execute_json("explain tcp 10.2.4.1:8080 10.1.0.10:4000");
  CHECK(reply["connection"]["inbound"] == false);
  CHECK(reply["rewrite"] == json{{"forward", "nat"},
                                 {"source", "10.1.0.100:80"},
                                 {"destination", "10.1.0.10:4000"},
                                 {"tunnel", nullptr}});
}

TEST_CASE_METHOD(Explained, "explain: tunnels, their MTU and turns") {
  CHECK(execute("explain udp 10.1.0.10:4000 10.1.0.100:53") ==
        "packet      udp 10.1.0.10:4000 -> 10.1.0.100:53\n"
        "service     far has 10.1.0.100:53, scheduler rr\n"
        "worker      0 (lcore 0)\n"
        "connection  none yet\n"
        "outcome     new: opens a connection\n"
        "server      10.9.4.1:53, as things stand: has turn 0\n"
        "rewrite     tunnel: in a tunnel 10.2.0.1 -> 10.9.4.1, unchanged inside\n"
        "next hop    gateway 10.2.0.254 by lan, no MAC yet: the packet waits for ARP (unknown)\n"
        "mtu         1500 on the link, less 20 for the tunnel: 1480 leave whole\n"
        "\n"
        "server       forward  weight  state  active  inactive  limits  takes_it  why\n"
        "10.9.4.1:53  tunnel        1  ready       0         0       -  yes       has turn 0\n"
        "10.9.4.2:53  tunnel        1  ready       0         0       -  no        not its turn\n");
  send(lb::Protocol::kUdp, "10.1.0.10:4000", "10.1.0.100:53");
  CHECK(execute_json("explain udp 10.1.0.10:4001 10.1.0.100:53")["servers"][1]["why"] ==
        "has turn 1");
}

TEST_CASE_METHOD(Explained, "explain: direct routing changes MAC addresses only") {
  const std::string text = execute("explain tcp 10.1.0.10:4000 10.1.0.101:80");
  CHECK_THAT(text, Catch::Contains("rewrite     dr: MAC addresses only\n"));
  CHECK_THAT(text, Catch::Contains("as things stand: hashed to\n"));
}

TEST_CASE_METHOD(Explained, "explain: a client that holds to a server, and a server that is full") {
  const auto why = [&](const std::string& line) {
    std::vector<std::string> result;
    const json told = execute_json("explain " + line);
    for (const json& server : told["servers"]) {
      result.push_back(server["why"]);
    }
    return result;
  };
  using Texts = std::vector<std::string>;
  CHECK(why("tcp 10.1.0.10:1 10.1.0.102:443") == Texts{"has turn 0", "not its turn"});
  send(lb::Protocol::kTcp, "10.1.0.10:1", "10.1.0.102:443");
  CHECK(why("tcp 10.1.0.10:2 10.1.0.102:80") ==
        Texts{"the client holds to it", "the client holds to another"});
  const json held = execute_json("explain tcp 10.1.0.10:2 10.1.0.102:80");
  CHECK(held["held"] == "10.2.4.1:80");
  CHECK(held["why_service"] == "has every port of 10.1.0.102 that no other service has");
  CHECK(held["rewrite"]["destination"] == "10.2.4.1:80");

  send(lb::Protocol::kTcp, "10.1.0.10:1", "10.1.0.103:80");
  CHECK(why("tcp 10.1.0.10:2 10.1.0.103:80") ==
        Texts{"full: has 1, upper threshold 1", "has turn 1"});
}

TEST_CASE_METHOD(Explained, "explain: why no service has a packet") {
  const auto told = [&](const std::string& words) { return execute_json("explain " + words); };
  const json port = told("tcp 10.1.0.10:4000 10.1.0.100:81");
  CHECK(port["service"] == nullptr);
  CHECK(port["why_service"] == "none on tcp port 81; the address has web (tcp:80), far (udp:53)");
  CHECK(port["outcome"] == "refused");
  CHECK(port["drop"] == "closed_port");
  CHECK(told("udp 10.1.0.10:4000 10.1.0.1:53")["why_service"] ==
        "none has 10.1.0.1, which is interface wan's");
  const json away = told("udp 10.1.0.10:4000 192.0.2.1:53");
  CHECK(away["why_service"] == "none has 192.0.2.1, nor does the director");
  CHECK(away["drop"] == "no_route");
  const json routed = told("udp 10.1.0.10:4000 10.9.7.7:53");
  CHECK(routed["outcome"] == "routed");
  CHECK(routed["next_hop"]["address"] == "10.2.0.254");
  CHECK(routed["next_hop"]["gateway"] == true);
  CHECK(told("tcp 10.1.0.1:4000 10.1.0.100:80")["drop"] == "bad_source");
  for (const char* source : {"127.0.0.1", "224.0.0.1", "0.0.0.0", "255.255.255.255"}) {
    CHECK(told(fmt::format("tcp {}:4000 10.1.0.100:80", source))["drop"] == "bad_source");
  }
}

TEST_CASE_METHOD(Explained,
                 "explain: what is asked wrongly is an error that says what is expected") {
  const std::string start = "error: explain: ";
  const std::string usage = "; usage: explain tcp|udp CLIENT:PORT VIP:PORT [json]\n";
  CHECK(execute("explain") ==
        start +
            "expected a protocol, where the packet comes from and where it goes, got 0 "
            "arguments" +
            usage);
  CHECK(execute("explain sctp 10.1.0.10:1 10.1.0.100:80") ==
        start + "protocol \"sctp\" is unknown (expected tcp or udp)" + usage);
  CHECK(execute("explain tcp 10.1.0.10 10.1.0.100:80") ==
        start + "client \"10.1.0.10\" is no address with a port (expected IP:PORT)" + usage);
  CHECK(execute("explain tcp 10.1.0.10:1 web") ==
        start + "destination \"web\" is no address with a port (expected IP:PORT)" + usage);
  CHECK(execute("explain tcp [2001:db8::1]:1 10.1.0.100:80") ==
        start + "client \"[2001:db8::1]:1\": IPv6 is not supported yet" + usage);
  CHECK(execute("explain tcp 10.1.0.10:0 10.1.0.100:80") ==
        start + "client \"10.1.0.10:0\": no packet has port 0" + usage);
}

}  // namespace
}  // namespace control
