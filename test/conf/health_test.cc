// Health checks, quorum and sorry server of the file. conf/ learns of types of checks from the
// vocabulary alone.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/difference.h"
#include "conf/load.h"
#include "conf/schema.h"
#include "conf/write.h"
#include "test/conf/support.h"

using conf_test::file;
using conf_test::service;
using conf_test::verdict;

namespace {

std::string one(const std::string& keys, const std::string& server_keys = "") {
  return file(service(R"([{"address": "192.168.11.100")" + server_keys + "}]", keys));
}

conf::Service loaded(const std::string& text) {
  INFO(verdict(text));
  const auto config = conf::load(text, conf_test::vocabulary());
  REQUIRE(config);
  CHECK(conf::load(conf::to_json(*config).dump(), conf_test::vocabulary()) == config);
  return config->services[0];
}

const char* const kTypes = "one of \"none\", \"knock\", \"look\"";

}  // namespace

TEST_CASE("health: a service without a check is not checked") {
  const conf::Service service = loaded(one(""));
  CHECK_FALSE(service.health_check.has_value());
  CHECK(service.check_of(service.servers[0]) == nullptr);
  CHECK(service.on_down_kind() == conf::OnDown::kKeep);
  CHECK(service.quorum == 1);
}

TEST_CASE("health: a check has its type's options beside those of all") {
  const conf::Service service = loaded(one(R"("health_check": {"type": "knock", "words": ["a", "b"],
    "interval": 0.25, "timeout": 1.5, "fall": 1, "rise": 4, "start_down": true, "port": 81,
    "address": "10.0.0.1"}, )"));
  const conf::HealthCheck& check = *service.check_of(service.servers[0]);
  CHECK(check.type == "knock");
  CHECK(check.interval_ms == 250);
  CHECK(check.timeout_ms == 1500);
  CHECK(check.fall == 1);
  CHECK(check.rise == 4);
  CHECK(check.start_down);
  CHECK(check.port == 81);
  CHECK(check.address == lb::IpAddress::parse("10.0.0.1"));
  CHECK(std::get<std::vector<std::string>>(check.options.at("words")) ==
        std::vector<std::string>{"a", "b"});
  CHECK(std::get<bool>(check.options.at("loud")) == false);
}

TEST_CASE("health: a server's own check replaces the service's, or switches it off") {
  const std::string keys = R"("health_check": {"type": "knock", "loud": true}, )";
  const conf::Service own =
      loaded(one(keys, R"(, "health_check": {"type": "look", "interval": 5})"));
  CHECK(own.check_of(own.servers[0])->type == "look");
  CHECK(own.check_of(own.servers[0])->interval_ms == 5000);
  const conf::Service off = loaded(one(keys, R"(, "health_check": {"type": "none"})"));
  CHECK(off.check_of(off.servers[0]) == nullptr);
}

TEST_CASE("health: what is wrong with a check is named") {
  const std::vector<conf_test::Case> cases = {
      {R"("health_check": {"interval": 1}, )",
       std::string("/services/0/health_check: missing key \"type\", expected ") + kTypes},
      {R"("health_check": {"tpye": "knock"}, )",
       "/services/0/health_check/tpye: unknown key; did you mean \"type\"?"},
      {R"("health_check": {"type": "knok", "interval": "x"}, )",
       std::string("/services/0/health_check/type: found \"knok\", expected ") + kTypes +
           "; did you mean \"knock\"?"},
      {R"("health_check": {"type": "knock", "intreval": 1}, )",
       "/services/0/health_check/intreval: unknown key; did you mean \"interval\"?"},
      {R"("health_check": {"type": "knock", "interval": 0.0001}, )",
       "/services/0/health_check/interval: found 0.0001, expected seconds from 0.01 to 86400, with "
       "at most three decimals"},
      {R"("health_check": {"type": "knock", "interval": "2"}, )",
       "/services/0/health_check/interval: found \"2\", expected seconds from 0.01 to 86400, with "
       "at most three decimals"},
      {R"("health_check": {"type": "none", "interval": 2}, )",
       "/services/0/health_check/interval: unknown key, expected one of \"type\""},
      {R"("health_check": {"type": "look", "port": 80}, )",
       "/services/0/health_check/port: unknown key, expected one of \"type\", \"interval\", "
       "\"timeout\", \"fall\", \"rise\", \"start_down\", \"address\""},
      {R"("health_check": 1, )", "/services/0/health_check: found 1, expected an object"},
      {R"("on_down": "move it", )",
       "/services/0/on_down: found \"move it\", expected one of \"keep\", \"reset\", \"move\""},
      {R"("quorum": 2, "quorum_hysteresis": 2, )",
       "/services/0/quorum_hysteresis: found 2, expected less than the quorum, 2"},
      {R"("health_check": {"type": "look", "address": "0.0.0.0"}, )",
       "/services/0/health_check/address: found \"0.0.0.0\", expected a host's address"},
      {R"("quorum": 4294967296, )",
       "/services/0/quorum: found 4294967296, expected a whole number from 1 to 4294967295"},
      {R"("sorry_server": {"address": "192.168.11.100:80"}, )",
       "/services/0/sorry_server/address: found \"192.168.11.100:80\", expected a different "
       "address "
       "than at /services/0/servers/0/address"},
      {R"("sorry_server": {"address": "10.9.9.9"}, )",
       "/services/0/sorry_server/address: found \"10.9.9.9\", expected an address that an "
       "interface's prefix, a static neighbour or a route reaches"},
      {R"("sorry_server": {"address": "192.168.11.102:81", "forward": "dr"}, )",
       "/services/0/sorry_server/address: found \"192.168.11.102:81\", expected the service's port "
       "80: forwarding by \"dr\" keeps the port"},
  };
  for (const conf_test::Case& test : cases) {
    INFO(test.text);
    CHECK(verdict(one(test.text)) == test.verdict);
  }
}

TEST_CASE("health: where a service has every port, a check that needs one must name it") {
  const std::string head = R"([{"protocol": "tcp", "address": "192.168.22.11:0",
    "persistence_timeout": 60, "servers": [{"address": "192.168.11.100"}], "health_check": )";
  CHECK(
      verdict(file(head + R"({"type": "knock"}}])")) ==
      "/services/0/health_check: missing key \"port\": the service has every port, and a check of "
      "type \"knock\" needs one");
  CHECK(verdict(file(head + R"({"type": "knock", "port": 80}}])")) == "ok");
  CHECK(verdict(file(head + R"({"type": "look"}}])")) == "ok");
}

TEST_CASE("health: quorum, programs, sorry server and what becomes of connections") {
  const conf::Service service = loaded(one(R"("on_down": "reset", "quorum": 5,
    "quorum_hysteresis": 2, "quorum_up": ["/bin/up", "x y"], "quorum_down": ["/bin/down"],
    "sorry_server": {"address": "192.168.11.102"}, "forward": "dr", )"));
  CHECK(service.on_down_kind() == conf::OnDown::kReset);
  CHECK(service.quorum == 5);
  CHECK(service.quorum_hysteresis == 2);
  CHECK(service.quorum_up == std::vector<std::string>{"/bin/up", "x y"});
  CHECK(service.sorry_server->address.to_string() == "192.168.11.102:80");
  CHECK(service.sorry_server->forward == "dr");
}

TEST_CASE("health: UDP moves unless told otherwise") {
  const std::string text = R"([{"protocol": "udp", "address": "192.168.22.11:53", "servers": []}])";
  CHECK(loaded(file(text)).on_down_kind() == conf::OnDown::kMove);
}

TEST_CASE("health: another check is a difference, with both") {
  const auto before =
      conf::load(one(R"("health_check": {"type": "look"}, )"), conf_test::vocabulary());
  const auto after =
      conf::load(one(R"("health_check": {"type": "look", "fall": 1}, )"), conf_test::vocabulary());
  const conf::Difference difference = conf::difference(*before, *after);
  REQUIRE(difference.changed.size() == 1);
  REQUIRE(difference.changed[0].keys.size() == 1);
  CHECK(difference.changed[0].keys[0].key == "health_check");
  CHECK(difference.changed[0].keys[0].to.find("\"fall\":1") != std::string::npos);
}

TEST_CASE("health: the Schema has a case for each type") {
  const auto schema = conf::schema(conf_test::vocabulary());
  const auto& check =
      schema["properties"]["services"]["items"]["properties"]["health_check"]["oneOf"];
  REQUIRE(check.size() == 3);
  CHECK(check[1]["properties"]["type"]["const"] == "knock");
  CHECK(check[1]["properties"]["words"]["type"] == "array");
  CHECK(check[1]["properties"]["interval"]["minimum"] == 0.01);
  CHECK_FALSE(check[2]["properties"].contains("port"));
}
