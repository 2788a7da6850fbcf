// What show health, metrics and ipvsadm's tables say of checks.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "control/commands/show_health.h"
#include "control/ipvsadm/listing.h"
#include "control/metrics.h"
#include "control/openmetrics.h"
#include "test/control/fake_facts.h"

namespace control {
namespace {

using nlohmann::json;

test::FakeFacts checked_director() {
  test::FakeFacts facts = test::small_director();
  CheckFacts& check = facts.the_health.checks.emplace_back();
  check.target = test::endpoint("192.168.11.100:80");
  check.check.type = "http";
  check.up = false;
  check.failures = 4;
  check.failures_total = 9;
  check.last = CheckFacts::Last{false, "status 503, expected 200-299", 0.0042, 1.5};
  check.history = {{std::chrono::system_clock::time_point{}, false, "connect: refused"}};
  check.servers = {{lb::Protocol::kTcp, test::endpoint("192.168.22.11:80"), "web",
                    test::endpoint("192.168.11.100:80")}};
  CheckFacts& other = facts.the_health.checks.emplace_back();
  other.target = test::endpoint("192.168.11.101:80");
  other.check.type = "tcp";
  other.paused = true;
  other.servers = {{lb::Protocol::kTcp, test::endpoint("192.168.22.11:81"), "other",
                    test::endpoint("192.168.11.101:80")}};
  facts.the_health.services = {
      {"web", "tcp:192.168.22.11:80", false, 1, 2, 0, test::endpoint("192.168.11.102:80"), true},
      {"other", "tcp:192.168.22.11:81", true, 1, 1, 0, std::nullopt, false}};
  return facts;
}

std::string run(test::FakeFacts& facts, std::vector<std::string_view> arguments, bool as_json) {
  Call call;
  call.arguments = arguments;
  call.json = as_json;
  const Reply reply = commands::show_health(facts, call);
  return reply ? *reply : "error: " + reply.error().text;
}

TEST_CASE("show health: tables of checks and quorums, and the history") {
  test::FakeFacts facts = checked_director();
  CHECK(
      run(facts, {}, false) ==
      "target             type  health     in_a_row   ms  changes  services  last_result\n"
      "192.168.11.100:80  http  down       4 failed  4.2        1  web       status 503, expected "
      "200-299\n"
      "192.168.11.101:80  tcp   unchecked  -           -        0  other     -\n"
      "\n"
      "service  quorum   live_weight  needed  hysteresis  sorry_server       serves\n"
      "web      lost               1       2           0  192.168.11.102:80  sorry_server\n"
      "other    present            1       1           0  -                  servers\n"
      "\n"
      "1970-01-01T00:00:00Z  http 192.168.11.100:80 down: connect: refused\n");
}

TEST_CASE("show health: of one service, and of none") {
  test::FakeFacts facts = checked_director();
  const std::string text = run(facts, {"other"}, false);
  CHECK(text.find("192.168.11.100") == std::string::npos);
  CHECK(text.find("192.168.11.101") != std::string::npos);
  CHECK(run(facts, {"tcp:192.168.22.11:81"}, false) == text);
  CHECK(run(facts, {"nosuch"}, false) == "error: no service \"nosuch\"; services: web, other");
  CHECK(run(facts, {"web", "x"}, false).find("unexpected \"x\"") != std::string::npos);
}

TEST_CASE("show health: json has all there is") {
  test::FakeFacts facts = checked_director();
  const json reply = json::parse(run(facts, {}, true));
  const json& check = reply["checks"][0];
  CHECK(check["target"] == "192.168.11.100:80");
  CHECK(check["health"] == "down");
  CHECK(check["last"]["result"] == "failed");
  CHECK(check["last"]["reason"] == "status 503, expected 200-299");
  CHECK(check["failures_in_a_row"] == 4);
  CHECK(check["history"][0]["reason"] == "connect: refused");
  CHECK(check["servers"][0]["service"] == "web");
  CHECK(reply["checks"][1]["last"].is_null());
  CHECK(reply["services"][0]["quorum"] == "lost");
  CHECK(reply["services"][0]["sorry_server_serves"] == true);
}

TEST_CASE("metrics: checks by service and server") {
  test::FakeFacts facts = checked_director();
  const std::string text = openmetrics_text(metric_families(facts));
  CHECK(text.find("lbd_server_checks_failed_total{service=\"web\",server=\"192.168.11.100:80\","
                  "type=\"http\"} 9\n") != std::string::npos);
  CHECK(text.find("lbd_service_quorum{service=\"web\"} 1\n") != std::string::npos);
}

TEST_CASE(
    "ipvsadm -Ln: a down server has weight 0, and the sorry server is there while it serves") {
  ServiceFacts service;
  service.address = test::endpoint("192.168.22.11:80");
  service.scheduler = "rr";
  service.servers = {test::server("192.168.11.100:80", "nat", 3, 0, 0, {}, {})};
  service.servers[0].health = "down";
  service.sorry_server = test::server("192.168.11.102:80", "nat", 1, 0, 0, {}, {});
  ipvsadm::ListOptions options;
  options.numeric = true;
  const auto list = [&] { return ipvsadm::list_services({service}, options, {}); };
  CHECK(list().find("  -> 192.168.11.100:80            Masq    0      0") != std::string::npos);
  CHECK(list().find("192.168.11.102") == std::string::npos);
  service.sorry_server_serves = true;
  CHECK(list().find("  -> 192.168.11.102:80            Masq    1      0") != std::string::npos);
}

}  // namespace
}  // namespace control
