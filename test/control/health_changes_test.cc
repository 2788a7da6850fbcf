// What becomes of services when their servers' health changes.
#include <catch2/catch.hpp>

#include "control/health_facts.h"
#include "control/log.h"
#include "control/quorum.h"
#include "test/control/health/fake_checks.h"
#include "test/control/live_bench.h"
#include "test/random.h"

namespace control {
namespace {

using dataplane_test::tcp;
using dataplane_test::udp;
using test::FakeChecks;
using test::LiveBench;

std::string file(const std::string& keys, const std::string& protocol = "tcp") {
  return "{" + std::string(test::kTwoArms) + R"(,
  "services": [{"name": "web", "protocol": ")" +
         protocol + R"(", "address": "10.1.0.100:80",
    "scheduler": "rr", "health_check": {"type": "tcp", "fall": 1, "rise": 1}, )" +
         keys + R"(
    "servers": [{"address": "10.2.0.11:80"}, {"address": "10.2.0.12:80"}]}]})";
}

struct CheckedBench : LiveBench {
  explicit CheckedBench(const std::string& json) : LiveBench(json) {
    log::set_threshold(log::Level::kError);
    running.monitor = &checks.monitor();
    changes.begin();
    conf::Config same = running.config;
    same.timeouts.udp += 1;
    REQUIRE(changes.replace(same, {}));
  }
  // `server` empty: all.
  void health(const std::string& server, bool passed) {
    for (int i = 0; i < 2; ++i) checks.rounds(1, passed, server);
    changes.follow_health(checks.monitor().take_changes());
    for (int turns = 0; turns < 8; ++turns) {
      workers->turn();
      running.orders->step();
    }
  }
  // Where a client's first packet goes to.
  std::string server_of(int client) {
    workers->sent();
    workers->receive(0, tcp("10.1.0.10:" + std::to_string(client), "10.1.0.100:80").flags("S"));
    return last_target();
  }
  std::string datagram(int client) {
    workers->sent();
    workers->receive(0, udp("10.1.0.10:" + std::to_string(client), "10.1.0.100:80"));
    return last_target();
  }
  std::string last_target() {
    const std::vector<std::string> sent = workers->sent();
    if (sent.empty()) return "nowhere";
    for (const char* server : {"10.2.0.11", "10.2.0.12", "10.2.0.13"}) {
      if (sent[0].find(server) != std::string::npos) return server;
    }
    return sent[0];
  }
  ~CheckedBench() { log::set_threshold(log::Level::kInfo); }
  bool present() { return health_facts(running).services[0].present; }

  FakeChecks checks;
};

TEST_CASE(
    "health: a server that is down gets no new connections, at once, and is configured still") {
  CheckedBench bench(file(""));
  bench.health("10.2.0.11:80", false);
  for (int client = 1000; client < 1006; ++client) CHECK(bench.server_of(client) == "10.2.0.12");
  CHECK(bench.config().services[0].servers[0].weight == 1);
  CHECK(bench.config().services[0].servers[0].state == conf::ServerState::kReady);
  CHECK(bench.member("web", "10.2.0.11:80").health == Health::kDown);
  bench.health("10.2.0.11:80", true);
  CHECK(bench.server_of(2000) != bench.server_of(2001));
}

TEST_CASE("health: much of one moment is one publication") {
  CheckedBench bench(file(""));
  const uint64_t before = bench.workers->publications();
  bench.checks.rounds(2, false);
  bench.changes.follow_health(bench.checks.monitor().take_changes());
  CHECK(bench.workers->publications() == before + 1);
  CHECK(bench.server_of(1000).find("ICMP") != std::string::npos);
}

TEST_CASE("health: keep leaves an open connection to its server, but not one that only opens") {
  CheckedBench bench(file(""));
  const std::string open = bench.server_of(1000), other = bench.server_of(1001);
  REQUIRE(open == "10.2.0.11");
  bench.workers->receive(1, tcp("10.2.0.11:80", "10.1.0.10:1000").flags("SA"));
  bench.workers->receive(0, tcp("10.1.0.10:1000", "10.1.0.100:80").flags("A"));
  REQUIRE(bench.server_of(1002) == "10.2.0.11");
  bench.health("10.2.0.11:80", false);
  bench.workers->sent();
  bench.workers->receive(0, tcp("10.1.0.10:1000", "10.1.0.100:80").flags("A"));
  CHECK(bench.last_target() == "10.2.0.11");
  // Its SYN comes again.
  CHECK(bench.server_of(1002) == "10.2.0.12");
  CHECK(bench.connections("web", "10.2.0.11:80") == 1);
}

TEST_CASE("health: reset and move end what is open") {
  for (const std::string kind : {"reset", "move"}) {
    CheckedBench bench(file(R"("on_down": ")" + kind + R"(", )"));
    REQUIRE(bench.server_of(1000) == "10.2.0.11");
    bench.workers->receive(1, tcp("10.2.0.11:80", "10.1.0.10:1000").flags("SA"));
    bench.workers->receive(0, tcp("10.1.0.10:1000", "10.1.0.100:80").flags("A"));
    bench.workers->sent();
    bench.health("10.2.0.11:80", false);
    // Probes to both ends, whose answers become resets.
    CHECK(bench.workers->sent().size() == 2);
  }
}

TEST_CASE("health: UDP moves by default, and stays where that is wanted") {
  for (const std::string keys : {R"("on_down": "keep", )", ""}) {
    CheckedBench bench(file(keys, "udp"));
    REQUIRE(bench.datagram(1000) == "10.2.0.11");
    bench.health("10.2.0.11:80", false);
    CHECK(bench.datagram(1000) == (keys.empty() ? "10.2.0.12" : "10.2.0.11"));
  }
}

TEST_CASE("health: clients that hold to a server leave it when it is down") {
  CheckedBench bench(file(R"("persistence_timeout": 300, )"));
  REQUIRE(bench.server_of(1000) == "10.2.0.11");
  CHECK(bench.server_of(1001) == "10.2.0.11");
  bench.health("10.2.0.11:80", false);
  CHECK(bench.server_of(1002) == "10.2.0.12");
}

TEST_CASE("health: the sorry server serves while the quorum is lost, as the only one") {
  CheckedBench bench(file(R"("quorum": 2, "sorry_server": {"address": "10.2.0.13"}, )"));
  CHECK(bench.present());
  CHECK(bench.server_of(1000) != bench.server_of(1001));
  bench.changes.take_quorum_changes();
  bench.health("10.2.0.11:80", false);
  CHECK_FALSE(bench.present());
  CHECK(health_facts(bench.running).services[0].sorry_server_serves);
  for (int client = 1100; client < 1104; ++client) CHECK(bench.server_of(client) == "10.2.0.13");
  const auto changes = bench.changes.take_quorum_changes();
  REQUIRE(changes.size() == 1);
  CHECK_FALSE(changes[0].present);
  CHECK(changes[0].weight == 1);
  bench.health("10.2.0.11:80", true);
  CHECK(bench.present());
  CHECK(bench.server_of(1200) != bench.server_of(1201));
  CHECK(bench.connections("web", "10.2.0.13:80") == 4);
}

TEST_CASE("health: a server that is down serves once it is made the sorry server") {
  CheckedBench bench(file(""));
  bench.health("", false);
  REQUIRE_THAT(bench.server_of(1000), Catch::StartsWith("ICMP"));
  const ServiceKey web = key_of(bench.config().services[0]);
  const bool at_once = GENERATE(false, true);
  conf::Server moved = bench.config().services[0].servers[1];
  REQUIRE(bench.changes.edit_service(web,
                                     [&](conf::Service& edited) -> Change {
                                       edited.servers.pop_back();
                                       if (at_once) edited.sorry_server = moved;
                                       return {};
                                     },
                                     {}));
  if (!at_once) {
    REQUIRE(bench.changes.edit_service(web,
                                       [&](conf::Service& edited) -> Change {
                                         edited.sorry_server = moved;
                                         return {};
                                       },
                                       {}));
  }
  CHECK(bench.server_of(1001) == "10.2.0.12");
}

TEST_CASE("health: hysteresis lets the total pass the quorum by so much before a change") {
  conf::Service service;
  service.quorum = 3;
  service.quorum_hysteresis = 1;
  Roster roster;
  for (int i = 1; i <= 4; ++i) {
    conf::Server& server = service.servers.emplace_back();
    server.address = *lb::Endpoint::parse("10.2.0." + std::to_string(i) + ":80");
  }
  roster.enter(service, {});
  Roster::Service& entry = *roster.find(key_of(service));
  const auto with = [&](size_t live) {
    for (size_t i = 0; i < service.servers.size(); ++i) {
      roster.set_health(key_of(service), service.servers[i], i < live ? Health::kUp : Health::kDown,
                        {});
    }
    judge_quorum(service, entry);
    return *entry.quorum;
  };
  CHECK(with(3));
  CHECK(with(2));
  CHECK_FALSE(with(1));
  CHECK_FALSE(with(3));
  CHECK(with(4));
  CHECK(with(2));
}

TEST_CASE("health: the operator's weight and state count for the quorum, too") {
  CheckedBench bench(file(R"("quorum": 2, "sorry_server": {"address": "10.2.0.13"}, )"));
  REQUIRE(bench.changes.edit_service(key_of(bench.config().services[0]),
                                     [](conf::Service& edited) -> Change {
                                       edited.servers[0].state = conf::ServerState::kDrain;
                                       return {};
                                     },
                                     {}));
  CHECK_FALSE(bench.present());
  CHECK(bench.server_of(1000) == "10.2.0.13");
}

TEST_CASE("health: a sorry server that goes drains like any other") {
  CheckedBench bench(file(R"("quorum": 3, "sorry_server": {"address": "10.2.0.13"}, )"));
  REQUIRE(bench.server_of(1000) == "10.2.0.13");
  REQUIRE(bench.changes.edit_service(key_of(bench.config().services[0]),
                                     [](conf::Service& edited) -> Change {
                                       edited.sorry_server.reset();
                                       return {};
                                     },
                                     {}));
  CHECK(bench.member("web", "10.2.0.13:80").leaving.has_value());
  CHECK(bench.server_of(1000) == "10.2.0.13");
  CHECK(bench.server_of(1001) != "10.2.0.13");
}

TEST_CASE("health: what is known survives a reload, an edit and a service's neighbours") {
  CheckedBench bench(file(""));
  bench.health("10.2.0.11:80", false);
  conf::Config wanted = bench.config();
  wanted.services[0].health_check->fall = 5;
  wanted.services[0].scheduler = "wlc";
  REQUIRE(bench.changes.replace(wanted, {}));
  CHECK(bench.member("web", "10.2.0.11:80").health == Health::kDown);
  CHECK(bench.server_of(1000) == "10.2.0.12");
  REQUIRE(bench.changes.edit_service(key_of(wanted.services[0]),
                                     [](conf::Service& edited) -> Change {
                                       edited.servers[0].weight = 7;
                                       return {};
                                     },
                                     {}));
  CHECK(bench.server_of(1001) == "10.2.0.12");
  bench.health("10.2.0.11:80", true);
  CHECK(bench.server_of(1002) == "10.2.0.11");
}

TEST_CASE("health: a one-packet service's replies come from the VIP, whoever serves now") {
  CheckedBench bench(file(
      R"("one_packet": true, "quorum": 2, "sorry_server": {"address": "10.2.0.13"}, )", "udp"));
  const auto source = [&](const std::string& server) {
    bench.workers->sent();
    bench.workers->receive(1, udp(server + ":80", "10.1.0.10:4000"));
    const std::vector<std::string> sent = bench.workers->sent();
    REQUIRE(sent.size() == 1);
    return sent[0].substr(0, sent[0].find('>'));
  };
  for (const bool first_is_up : {true, false, true}) {
    bench.health("10.2.0.11:80", first_is_up);
    CHECK((bench.datagram(1) == "10.2.0.13") == !first_is_up);
    for (const char* server : {"10.2.0.11", "10.2.0.12", "10.2.0.13"}) {
      INFO(server << " " << first_is_up);
      CHECK(source(server) == "UDP 10.1.0.100:80");
    }
  }
}

// After each step the snapshot is what one built anew from configuration and health would be.
TEST_CASE("health: whatever flaps and changes, what runs is what a fresh start would be",
          "[slow]") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    shared_test::Random random(seed);
    CheckedBench bench(file(R"("quorum": 2, "sorry_server": {"address": "10.2.0.13"}, )"));
    for (int step = 0; step < 40; ++step) {
      const std::string server = random.chance(50) ? "10.2.0.11:80" : "10.2.0.12:80";
      const auto edit = [&](const std::function<void(conf::Service&)>& how) {
        REQUIRE(bench.changes.edit_service(key_of(bench.config().services[0]),
                                           [&](conf::Service& edited) -> Change {
                                             how(edited);
                                             return {};
                                           },
                                           {}));
      };
      switch (random.below(6)) {
        case 0:
        case 1:
          bench.health(server, random.chance(50));
          break;
        case 2:
          edit([&](conf::Service& one) { one.quorum = 1 + random.below(3); });
          break;
        case 3:
          edit([&](conf::Service& one) {
            one.servers[random.below(2)].state = static_cast<conf::ServerState>(random.below(3));
          });
          break;
        case 4:
          edit([&](conf::Service& one) { one.servers[random.below(2)].weight = random.below(3); });
          break;
        case 5:
          bench.server_of(static_cast<int>(1000 + random.below(500)));
          break;
      }
      INFO("seed " << seed << " step " << step);
      const conf::Service& service = bench.config().services[0];
      Roster fresh_roster;
      fresh_roster.enter(service, {});
      for (const conf::Server& one : service.servers) {
        const Health known = bench.checks.monitor().health(key_of(service), one.address);
        fresh_roster.set_health(key_of(service), one, known, {});
        REQUIRE(bench.member("web", one.address.to_string()).health == known);
      }
      judge_quorum(service, *fresh_roster.find(key_of(service)));
      const auto fresh = build_snapshot(bench.config(), fresh_roster,
                                        bench.workers->snapshot().links, bench.workers->key());
      const uint32_t slot = bench.running.roster.find(key_of(service))->slot;
      const auto& live = *bench.workers->snapshot().services[slot];
      const auto& wanted = *fresh->services[fresh_roster.find(key_of(service))->slot];
      REQUIRE(live.servers.size() == wanted.servers.size());
      for (size_t i = 0; i < live.servers.size(); ++i) {
        REQUIRE(live.servers[i].end == wanted.servers[i].end);
        REQUIRE(live.servers[i].accepts == wanted.servers[i].accepts);
      }
    }
  }
}

}  // namespace
}  // namespace control
