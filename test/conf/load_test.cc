// What valid files load to, and that writing them gives files that load to the same.
#include "conf/load.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/write.h"
#include "test/conf/support.h"

using conf::Config;
using conf_test::file;
using conf_test::file_with;
using conf_test::read_example;
using conf_test::service;
using conf_test::verdict;
using conf_test::vocabulary;

namespace {

Config loaded(const std::string& text) {
  INFO(verdict(text));
  const auto config = conf::load(text, vocabulary());
  REQUIRE(config);
  return *config;
}

const char* const kExamples[] = {
    "nat.json", "nat-workers.json", "nat-one-arm.json", "nat-masquerade.json",
    "dr.json",  "tunnel.json",      "udp.json"};

}  // namespace

TEST_CASE("the examples are valid") {
  for (const char* name : kExamples) {
    INFO(name);
    CHECK(verdict(read_example(name)) == "ok");
  }
}

TEST_CASE("the article's NAT cluster loads to these values") {
  const Config config = loaded(read_example("nat.json"));
  CHECK(config.eal.size() == 4);
  REQUIRE(config.interfaces.size() == 2);
  const conf::Interface& lan = config.interfaces[1];
  CHECK(lan.name == "lan");
  CHECK(lan.devices == std::vector<std::string>{"net_af_xdp1"});
  CHECK(lan.addresses == std::vector{*lb::Prefix::parse("192.168.11.11/24")});
  REQUIRE(config.routes.size() == 1);
  CHECK(config.routes[0].gateway == *lb::IpAddress::parse("192.168.22.1"));
  REQUIRE(config.services.size() == 1);
  const conf::Service& web = config.services[0];
  CHECK(web.name == "web");
  CHECK(web.protocol == lb::Protocol::kTcp);
  CHECK(web.address == *lb::Endpoint::parse("192.168.22.11:80"));
  CHECK(web.scheduler == "wlc");
  REQUIRE(web.servers.size() == 2);
  CHECK(web.servers[0].address == *lb::Endpoint::parse("192.168.11.100:80"));
  CHECK(web.servers[0].weight == 2);
  CHECK(web.servers[0].forward == "nat");
}

TEST_CASE("what a file leaves out has its default") {
  const Config config = loaded(R"({"interfaces": [{"name": "a", "device": "d"}]})");
  CHECK(config.eal.empty());
  CHECK(config.interfaces[0].mtu == 1500);
  CHECK(config.interfaces[0].addresses.empty());
  CHECK(config.services.empty());
  CHECK(config.masquerade.empty());
  CHECK(config.timeouts == conf::Timeouts{});
  CHECK(config.timeouts.tcp_close == 10);
  CHECK(config.connections.capacity == 1048576);
  CHECK_FALSE(config.mbufs);
  CHECK(config.idle.sleep_us == 0);
  CHECK(config.control.sockets ==
        std::vector{conf::Socket{"/run/lbd/lbd.sock", conf::Level::kAdmin, 0600}});
  CHECK_FALSE(config.control.metrics);
}

TEST_CASE("a service's name, scheduler and method, and a server's port, weight and method") {
  const Config config = loaded(file(service(R"([{"address": "192.168.11.100"},
                       {"address": "192.168.11.101", "forward": "nat", "weight": 0}])",
                                            R"("forward": "dr", )")));
  const conf::Service& web = config.services[0];
  CHECK(web.name == "tcp:192.168.22.11:80");
  CHECK(web.scheduler == "wlc");
  CHECK(web.servers[0].address.port == 80);
  CHECK(web.servers[0].forward == "dr");
  CHECK(web.servers[0].weight == 1);
  CHECK(web.servers[1].forward == "nat");
  CHECK(web.servers[1].weight == 0);
}

TEST_CASE("every key reaches its value") {
  const Config config = loaded(file_with(R"(
      "timeouts": {"tcp": 1, "tcp_fin": 2, "udp": 3, "tcp_syn_recv": 4, "tcp_close_wait": 5,
                   "tcp_time_wait": 6, "tcp_close": 7},
      "connections": {"capacity": 8}, "mbufs": 4096,
      "idle": {"after_polls": 7, "sleep_us": 50},
      "control": {"sockets": [{"path": "/a"}, {"path": "/b", "level": "read", "mode": "0664"}],
                  "metrics": "127.0.0.1:9100"})"));
  CHECK(config.timeouts == conf::Timeouts{1, 2, 3, 4, 5, 6, 7});
  CHECK(config.connections.capacity == 8);
  CHECK(config.mbufs == 4096U);
  CHECK(config.idle == conf::Idle{7, 50});
  CHECK(config.control.sockets == std::vector{conf::Socket{"/a", conf::Level::kAdmin, 0600},
                                              conf::Socket{"/b", conf::Level::kRead, 0664}});
  CHECK(config.control.metrics == lb::Endpoint::parse("127.0.0.1:9100"));

  const Config queues = loaded(file("[]", "[]", R"([{"name": "a", "device": ["q0", "q1"],
      "mtu": 9000, "neighbours": [{"address": "10.0.0.2", "mac": "02:0A:00:00:00:02"}]}])"));
  CHECK(queues.interfaces[0].devices == std::vector<std::string>{"q0", "q1"});
  CHECK(queues.interfaces[0].mtu == 9000);
  CHECK(queues.interfaces[0].neighbours ==
        std::vector{conf::Neighbour{*lb::IpAddress::parse("10.0.0.2"),
                                    *lb::MacAddress::parse("02:0a:00:00:00:02")}});
}

TEST_CASE("a configuration that is written loads to the same") {
  std::vector<std::string> files = {
      file(),
      file(service("[]")),
      file(service(R"([{"address": "192.168.11.100", "forward": "dr"},
                       {"address": "192.168.11.101:8080", "weight": 7}])",
                   R"("name": "a.b-c_d", "scheduler": "rr", )")),
      file("[]", "[]", R"([{"name": "a", "device": ["q0", "q1"], "mtu": 576,
            "neighbours": [{"address": "10.0.0.2", "mac": "02:0A:00:00:00:02"}]}])"),
      file_with(R"("eal": ["-l", "0,1", "\u00e9\""], "mbufs": 512,
                   "control": {"sockets": [], "metrics": "0.0.0.0:9100"})"),
      file_with(
          R"("control": {"sockets": [{"path": "/x", "mode": "0007", "level": "read", "group": "adm"}]},
                   "timeouts": {"tcp_close": 9})")};
  for (const char* name : kExamples) files.push_back(read_example(name));
  for (const std::string& text : files) {
    INFO(text);
    const Config config = loaded(text);
    CHECK(loaded(conf::to_json(config).dump()) == config);
  }
}

TEST_CASE("a written configuration spells the defaults out") {
  const auto json = conf::to_json(loaded(file(service(R"([{"address": "192.168.11.100"}])"))));
  CHECK(json["services"][0] == nlohmann::json::parse(R"(
    {"protocol": "tcp", "address": "192.168.22.11:80", "scheduler": "wlc", "forward": "nat",
     "persistence_timeout": 0, "persistence_netmask": "255.255.255.255",
     "expire_quiescent_template": false, "one_packet": false, "sloppy_tcp": false,
     "announce": false, "slow_start": 0,
     "quorum": 1, "quorum_hysteresis": 0, "quorum_up": [], "quorum_down": [],
     "servers": [{"address": "192.168.11.100:80", "weight": 1, "state": "ready",
       "upper_threshold": 0, "lower_threshold": 0, "forward": "nat"}]})"));
  CHECK(json["timeouts"]["tcp_close"] == 10);
  CHECK(json["control"]["sockets"][0]["mode"] == "0600");
  CHECK(json["interfaces"][0]["device"] == "d0");
  CHECK(json["interfaces"][0]["neighbours"].is_array());
}
