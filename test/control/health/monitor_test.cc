// Who is asked when, and what answers mean.
#include "control/health/monitor.h"

#include <catch2/catch.hpp>
#include <set>

#include "test/control/health/fake_checks.h"

namespace control {
namespace {

using health::Change;
using health::Health;
using test::FakeChecks;
using namespace std::chrono_literals;

conf::HealthCheck check(std::string type = "tcp") {
  conf::HealthCheck result;
  result.type = std::move(type);
  return result;
}

conf::Service service(const std::vector<std::string>& servers, int port = 80) {
  conf::Service result;
  result.address = *lb::Endpoint::parse("10.1.0.1:" + std::to_string(port));
  result.health_check = check();
  for (const std::string& address : servers) {
    result.servers.emplace_back().address = *lb::Endpoint::parse(address);
  }
  return result;
}

Health health_of(FakeChecks& checks, const conf::Service& service, size_t server = 0) {
  return checks.monitor().health(key_of(service), service.servers[server].address);
}

TEST_CASE("monitor: fall failures in a row make a server down, rise successes up again") {
  FakeChecks checks;
  const conf::Service web = service({"10.2.0.1:80"});
  checks.monitor().follow(web);
  CHECK(health_of(checks, web) == Health::kUp);
  checks.rounds(2, false);
  CHECK(health_of(checks, web) == Health::kUp);
  CHECK_FALSE(checks.monitor().has_changes());
  checks.rounds(1, false);
  CHECK(health_of(checks, web) == Health::kDown);
  const std::vector<Change> changes = checks.monitor().take_changes();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].health == Health::kDown);
  CHECK(changes[0].reason == "unwell");
  checks.rounds(1, true);
  CHECK(health_of(checks, web) == Health::kDown);
  checks.rounds(1, true);
  CHECK(health_of(checks, web) == Health::kUp);
  CHECK(checks.monitor().take_changes().size() == 1);
}

TEST_CASE("monitor: what lbd could not ask says nothing about the server") {
  FakeChecks checks;
  const conf::Service web = service({"10.2.0.1:80"});
  checks.monitor().follow(web);
  checks.rounds(2, false);
  CHECK_FALSE(checks.monitor().take_lack());
  for (int i = 0; i < 5; ++i) {
    checks.pass(2s);
    const health::Done done = std::exchange(checks.asked().back()->done, nullptr);
    REQUIRE(done);
    done({.reason = "no more", .undecided = true});
  }
  CHECK(health_of(checks, web) == Health::kUp);
  CHECK(checks.monitor().facts().at(0).failures_total == 2);
  CHECK(checks.monitor().take_lack() == "10.2.0.1:80: no more");
  CHECK_FALSE(checks.monitor().take_lack());
  checks.rounds(1, false);
  CHECK(health_of(checks, web) == Health::kDown);
}

TEST_CASE("monitor: how long the last check took stays known while the next is under way") {
  FakeChecks checks;
  checks.monitor().follow(service({"10.2.0.1:80"}));
  checks.pass(2s);
  REQUIRE(checks.asked().size() == 1);
  const FakeChecks::Time asked = checks.asked()[0]->when;
  const auto took = [&] { return checks.monitor().facts().at(0).last->duration_seconds; };
  checks.answer(true);
  const double first = std::chrono::duration<double>(checks.now() - asked).count();
  CHECK(took() == Approx(first));
  checks.pass(3s);
  REQUIRE(checks.asked().size() == 2);
  CHECK(took() == Approx(first));
}

TEST_CASE("monitor: a server that flaps below fall stays as it is, and so does one below rise") {
  FakeChecks checks;
  const conf::Service web = service({"10.2.0.1:80"});
  checks.monitor().follow(web);
  for (int i = 0; i < 10; ++i) {
    checks.rounds(2, false);
    checks.rounds(1, true);
  }
  CHECK(health_of(checks, web) == Health::kUp);
  checks.rounds(3, false);
  for (int i = 0; i < 10; ++i) {
    checks.rounds(1, true);
    checks.rounds(1, false);
  }
  CHECK(health_of(checks, web) == Health::kDown);
}

TEST_CASE(
    "monitor: one check stands for all servers that are the same, one with its own does not") {
  FakeChecks checks;
  const conf::Service web = service({"10.2.0.1:80"}, 80);
  const conf::Service same = service({"10.2.0.1:80"}, 81);
  conf::Service other = service({"10.2.0.1:80"}, 82);
  other.health_check = check("http");
  for (const conf::Service& each : {web, same, other}) checks.monitor().follow(each);
  REQUIRE(checks.monitor().facts().size() == 2);
  checks.pass(2s);
  CHECK(checks.asked().size() == 2);
  CHECK(checks.monitor().facts()[1].servers.size() == 2);
  for (const auto& one : checks.asked()) {
    if (one->type == "tcp") continue;
    std::exchange(one->done, nullptr)({true, "well"});
  }
  checks.answer(false);
  for (int i = 0; i < 2; ++i) {
    checks.pass(2s);
    for (const auto& one : checks.asked()) {
      if (one->done) std::exchange(one->done, nullptr)({one->type == "http", "word"});
    }
  }
  CHECK(checks.monitor().take_changes().size() == 2);
  CHECK(health_of(checks, web) == Health::kDown);
  CHECK(health_of(checks, same) == Health::kDown);
  CHECK(health_of(checks, other) == Health::kUp);
  // The last one that wants to know is gone.
  checks.monitor().forget(key_of(web));
  CHECK(checks.monitor().facts().size() == 2);
  checks.monitor().forget(key_of(same));
  CHECK(checks.monitor().facts().size() == 1);
  // A new service hears at once what others know.
  checks.monitor().follow(web);
  CHECK(health_of(checks, web) == Health::kUp);
}

TEST_CASE("monitor: port and address of the check are asked in the server's place") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80", "10.2.0.2:80"});
  web.health_check->port = 8080;
  checks.monitor().follow(web);
  checks.pass(2s);
  std::set<std::string> targets;
  for (const auto& one : checks.asked()) targets.insert(one->target.to_string());
  CHECK(targets == std::set<std::string>{"10.2.0.1:8080", "10.2.0.2:8080"});
  web.health_check->address = lb::IpAddress::parse("10.3.0.1");
  checks.monitor().follow(web);
  CHECK(checks.monitor().facts().size() == 1);
}

TEST_CASE("monitor: starts are spread evenly over the interval, and stay so") {
  FakeChecks checks;
  std::vector<std::string> servers;
  for (int i = 0; i < 200; ++i) servers.push_back("10.2.1." + std::to_string(i) + ":80");
  checks.monitor().follow(service(servers));
  for (int interval = 0; interval < 5; ++interval) {
    const size_t before = checks.asked().size();
    for (int tenth = 0; tenth < 10; ++tenth) {
      const size_t first = checks.asked().size();
      checks.pass(200ms);
      checks.answer(true);
      const size_t started = checks.asked().size() - first;
      CHECK(started >= 17);
      CHECK(started <= 23);
    }
    CHECK(checks.asked().size() - before == 200);
  }
}

TEST_CASE("monitor: a check that takes longer than its interval is followed by the next at once") {
  FakeChecks checks;
  checks.monitor().follow(service({"10.2.0.1:80"}));
  checks.pass(7s);
  CHECK(checks.asked().size() == 1);
  checks.answer(true);
  checks.pass(0s);
  CHECK(checks.asked().size() == 2);
}

TEST_CASE("monitor: start_down waits for rise successes") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80"});
  web.health_check->start_down = true;
  checks.monitor().follow(web);
  CHECK(health_of(checks, web) == Health::kDown);
  CHECK_FALSE(checks.monitor().has_changes());
  checks.rounds(2, true);
  CHECK(health_of(checks, web) == Health::kUp);
}

TEST_CASE("monitor: maintenance is not checked, drain is; what was known is known again after it") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80"});
  checks.monitor().follow(web);
  checks.rounds(3, false);
  web.servers[0].state = conf::ServerState::kMaint;
  checks.monitor().follow(web);
  CHECK(health_of(checks, web) == Health::kUnchecked);
  const size_t asked = checks.asked().size();
  checks.pass(60s);
  CHECK(checks.asked().size() == asked);
  CHECK(checks.monitor().facts()[0].paused);
  web.servers[0].state = conf::ServerState::kDrain;
  checks.monitor().follow(web);
  CHECK(health_of(checks, web) == Health::kDown);
  checks.rounds(2, true);
  CHECK(health_of(checks, web) == Health::kUp);
}

TEST_CASE("monitor: health and history survive another way of checking") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80", "10.2.0.2:80"});
  checks.monitor().follow(web);
  checks.rounds(3, false, "10.2.0.1:80");
  CHECK(health_of(checks, web, 0) == Health::kDown);
  CHECK(health_of(checks, web, 1) == Health::kUp);
  checks.monitor().take_changes();
  web.health_check = check("http");
  checks.monitor().follow(web);
  CHECK(health_of(checks, web, 0) == Health::kDown);
  CHECK(checks.monitor().facts()[0].history.size() == 1);
  CHECK_FALSE(checks.monitor().has_changes());
}

TEST_CASE(
    "monitor: health survives a change to a check that another service has and that differs") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80"});
  conf::Service other = service({"10.2.0.1:80"}, 81);
  other.health_check->fall = 10;
  checks.monitor().follow(web);
  checks.monitor().follow(other);
  checks.rounds(3, false);
  CHECK(health_of(checks, web) == Health::kDown);
  CHECK(health_of(checks, other) == Health::kUp);
  checks.monitor().take_changes();
  web.health_check = other.health_check;
  checks.monitor().follow(web);
  CHECK(health_of(checks, web) == Health::kDown);
  CHECK(health_of(checks, other) == Health::kUp);

  SECTION("until it has passed as often as it takes to be up") {
    checks.rounds(1, true);
    CHECK(health_of(checks, web) == Health::kDown);
    checks.rounds(1, false);
    checks.rounds(1, true);
    CHECK(health_of(checks, web) == Health::kDown);
    checks.monitor().follow(web);
    CHECK(health_of(checks, web) == Health::kDown);
    checks.rounds(1, true);
    CHECK(health_of(checks, web) == Health::kUp);
    const std::vector<Change> changes = checks.monitor().take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].service == key_of(web));
    CHECK(changes[0].health == Health::kUp);
  }
  SECTION("or has come to say the same") {
    checks.rounds(10, false);
    CHECK(health_of(checks, other) == Health::kDown);
    CHECK(health_of(checks, web) == Health::kDown);
    const std::vector<Change> changes = checks.monitor().take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].service == key_of(other));
    checks.rounds(2, true);
    CHECK(health_of(checks, web) == Health::kUp);
    CHECK(checks.monitor().take_changes().size() == 2);
  }
  SECTION("also as another service's first check") {
    conf::Service fresh = service({"10.2.0.1:80"}, 79);
    fresh.health_check = check("http");
    checks.monitor().follow(fresh);
    web.health_check = fresh.health_check;
    checks.monitor().follow(web);
    CHECK(health_of(checks, fresh) == Health::kUp);
    CHECK(health_of(checks, web) == Health::kDown);
  }
}

TEST_CASE("monitor: a server without a check is unchecked, and one that goes is asked no more") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80", "10.2.0.2:80"});
  web.servers[1].health_check = conf::HealthCheck{};
  checks.monitor().follow(web);
  CHECK(health_of(checks, web, 1) == Health::kUnchecked);
  checks.pass(2s);
  REQUIRE(checks.asked().size() == 1);
  web.servers.clear();
  checks.monitor().follow(web);
  CHECK_FALSE(checks.asked()[0]->done);
  CHECK(checks.monitor().facts().empty());
  CHECK_FALSE(checks.monitor().next().has_value());
}

TEST_CASE("monitor: it tells when there is something to do") {
  FakeChecks checks;
  int news = 0;
  checks.monitor().on_news([&] { ++news; });
  checks.monitor().follow(service({"10.2.0.1:80"}));
  CHECK(news == 1);
  checks.rounds(2, false);
  news = 0;
  checks.pass(2s);
  checks.answer(false);
  CHECK(news >= 1);
  CHECK(checks.monitor().has_changes());
}

TEST_CASE("monitor: history holds the last changes, the newest first") {
  FakeChecks checks;
  conf::Service web = service({"10.2.0.1:80"});
  web.health_check->fall = web.health_check->rise = 1;
  checks.monitor().follow(web);
  for (int i = 0; i < 20; ++i) {
    checks.rounds(1, false);
    checks.rounds(1, true);
  }
  const auto facts = checks.monitor().facts();
  CHECK(facts[0].history.size() == health::Monitor::kHistory);
  CHECK(facts[0].history[0].up);
  CHECK_FALSE(facts[0].history[1].up);
  CHECK(facts[0].failures_total == 20);
  CHECK(facts[0].last->reason == "well");
}

}  // namespace
}  // namespace control
