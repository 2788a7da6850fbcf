// Changes while it runs, over real workers: what is deleted goes on to its end, its deadline or at
// once; what is refused changes nothing; the file's word is followed.
#include "control/live_changes.h"

#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "conf/write.h"
#include "test/control/web_bench.h"
#include "test/temp_dir.h"

namespace control {
namespace {

using dataplane_test::tcp;
using dataplane_test::udp;
using test::cluster;
using test::kBoth;
using test::kFirst;
using test::kForce;
using test::kSecond;
using test::LiveBench;
using test::web;
using test::WebBench;
using Lines = std::vector<std::string>;

constexpr dataplane::LinkNumber kWan = 0, kLan = 1;
const char* const kClient = "10.1.0.10:40000";

TEST_CASE_METHOD(WebBench, "live: a service that is added takes clients at once and is announced") {
  conf::Service service = *find("web");
  service.address = *lb::Endpoint::parse("10.1.0.101:80");
  service.name = "more";
  REQUIRE(changes.add_service(service).has_value());
  workers->turn();
  CHECK(workers->sent() == Lines{"ARP announces 10.1.0.101 via 0"});
  workers->receive(kWan, tcp(kClient, "10.1.0.101:80").flags("S"));
  CHECK(workers->sent().size() == 1);
  // Another port of an address that is there already is no news.
  service.address = *lb::Endpoint::parse("10.1.0.101:81");
  service.name = "third";
  service.servers.clear();
  REQUIRE(changes.add_service(service).has_value());
  workers->turn();
  CHECK(workers->sent() == Lines{});
}

TEST_CASE_METHOD(WebBench, "live: a server of a service with a port has one too") {
  const auto added = edit([](conf::Service& service) {
    conf::Server server = service.servers[0];
    server.address.port = 0;
    service.servers.push_back(server);
  });
  CHECK_THAT(added.error().text, Catch::Contains("expected a port from 1 to 65535"));
}

TEST_CASE_METHOD(WebBench, "live: what is refused changes nothing") {
  open_two();
  const std::string before = fingerprint();
  const auto refused = [&](const Change& change, Refusal::Kind kind) {
    REQUIRE_FALSE(change.has_value());
    CHECK(change.error().kind == kind);
    CHECK(change.error().text.find('\n') == std::string::npos);
    CHECK(fingerprint() == before);
    return change.error().text;
  };
  using Kind = Refusal::Kind;
  const ServiceKey none{lb::Protocol::kUdp, *lb::Endpoint::parse("10.1.0.100:80")};
  CHECK(refused(changes.add_service(*find("web")), Kind::kServiceExists) ==
        "there is a service tcp:10.1.0.100:80 already");
  CHECK(refused(changes.delete_service(none, kForce), Kind::kNoSuchService) ==
        "there is no service udp:10.1.0.100:80");
  refused(changes.edit_service(none, [](conf::Service&) -> Change { return {}; }, {}),
          Kind::kNoSuchService);
  refused(changes.clear_counters(none), Kind::kNoSuchService);
  conf::Service bad = *find("web");
  bad.address = *lb::Endpoint::parse("10.2.0.11:81");
  bad.name = "bad";
  refused(changes.add_service(bad), Kind::kInvalid);
  refused(edit([](conf::Service& service) { service.address.port = 81; }), Kind::kInvalid);
  refused(edit([](conf::Service& service) { service.servers.push_back(service.servers[0]); }),
          Kind::kInvalid);
  refused(edit([](conf::Service& service) { service.servers[0].address = service.address; }),
          Kind::kInvalid);
  refused(edit([](conf::Service& service) { service.servers[0].lower_threshold = 5; }),
          Kind::kInvalid);
  refused(changes.edit_service(
              key(),
              [](conf::Service& service) -> Change {
                service.servers.clear();
                return std::unexpected(Refusal{Kind::kNoSuchServer, "none such"});
              },
              kForce),
          Kind::kNoSuchServer);
  conf::Config wanted = config();
  wanted.services[0].servers.clear();
  wanted.connections.capacity = 7;
  CHECK(refused(changes.replace(wanted, kForce), Kind::kInvalid) ==
        "nothing was changed: /connections/capacity needs a restart of lbd");
  wanted = config();
  wanted.services.push_back(wanted.services[0]);
  refused(changes.replace(wanted, kForce), Kind::kInvalid);
}

TEST_CASE_METHOD(WebBench, "live: an edit that changes nothing publishes nothing") {
  const std::string before = fingerprint();
  CHECK(edit([](conf::Service&) {}).has_value());
  CHECK(changes.replace(config(), {}).has_value());
  CHECK(fingerprint() == before);
}

TEST_CASE_METHOD(WebBench, "live: the file's weights win, the operator's states stay") {
  REQUIRE(edit([](conf::Service& service) {
            service.servers[0].state = conf::ServerState::kDrain;
            service.servers[1].weight = 9;
          }).has_value());
  conf::Config wanted =
      LiveBench::load(cluster(web(kBoth + R"(,{"address": "10.2.0.13", "state": "maint"})")));
  REQUIRE(changes.replace(wanted, {}).has_value());
  const auto& servers = find("web")->servers;
  REQUIRE(servers.size() == 3);
  CHECK(servers[0].state == conf::ServerState::kDrain);
  CHECK(servers[1].weight == 1);
  CHECK(servers[2].state == conf::ServerState::kMaint);
  const auto& published = workers->snapshot().services[running.roster.find(key())->slot]->servers;
  CHECK_FALSE(published[0].accepts);
  CHECK(published[1].accepts);
  CHECK_FALSE(published[2].accepts);
}

TEST_CASE_METHOD(WebBench, "live: neighbours of the file come and go at all workers") {
  conf::Config wanted = config();
  wanted.interfaces[kLan].neighbours[0].mac = *lb::MacAddress::parse("02:aa:00:00:00:01");
  wanted.interfaces[kLan].neighbours.pop_back();
  REQUIRE(changes.replace(wanted, {}).has_value());
  workers->turn();
  workers->sent();
  CHECK(server_of("10.1.0.10:1", "S") == "10.2.0.11:80");
  CHECK(from_client("10.1.0.10:2", "S") == Lines{"ARP who-has 10.2.0.12 tell 10.2.0.1 via 1"});
  workers->receive(kLan, dataplane_test::arp_reply("10.2.0.12", "10.2.0.1"));
  pass(5);
}

TEST_CASE_METHOD(WebBench, "live: counters begin anew without connections being touched") {
  open_two();
  const uint32_t slot = member("web", "10.2.0.11:80").slot;
  REQUIRE(remove("10.2.0.12:80", kForce).has_value());
  settle();
  pass(11);
  CHECK(running.roster.find(key())->departed.connections == 1);
  REQUIRE(changes.clear_counters(key()).has_value());
  CHECK(running.tally->totals(slot).connections == 0);
  CHECK(running.roster.find(key())->departed.connections == 0);
  CHECK(running.connections_of(slot) == 1);
  from_client("10.1.0.10:1", "A");
  CHECK(running.tally->totals(slot).packets_in == 1);
}

TEST_CASE("live: a server that begins in a slow start gets its whole weight by and by") {
  LiveBench bench(cluster(web(kFirst, R"("scheduler": "wlc", "slow_start": 100, )")));
  const auto slot = [&] {
    return bench.running.roster.find(key_of(bench.config().services[0]))->slot;
  };
  const auto current = [&] { return bench.workers->snapshot().services[slot()]; };
  REQUIRE(bench.changes
              .edit_service(key_of(bench.config().services[0]),
                            [](conf::Service& service) -> Change {
                              conf::Server server = service.servers[0];
                              server.address = *lb::Endpoint::parse("10.2.0.12:80");
                              service.servers.push_back(server);
                              return {};
                            },
                            {})
              .has_value());
  const auto first = current();
  bench.settle();
  CHECK(current() != first);  // it rises
  bench.pass(101);
  const auto whole = current();
  bench.settle();
  CHECK(current() == whole);  // and has risen
}

TEST_CASE("live: reload follows the file as a whole, or not at all, and says what it did") {
  const shared_test::TempDir dir;
  const std::string path = dir / "lbd.json";
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  LiveBench bench(cluster(web(kBoth)));
  bench.running.config_file = path;
  write(cluster(web(kBoth)));
  CHECK(bench.changes.reload() == Lines{});
  write(cluster(web(kFirst) + R"(,{"protocol": "udp", "address": "10.1.0.100:53"})"));
  CHECK(bench.changes.reload() ==
        Lines{"service udp:10.1.0.100:53 comes: udp 10.1.0.100:53, wlc, 0 servers",
              "server 10.2.0.12:80 of web leaves, no connections"});
  CHECK(bench.changes.reload() == Lines{});
  const std::string before = bench.fingerprint();
  const auto refused = [&](const std::string& text) {
    write(text);
    const auto lines = bench.changes.reload();
    REQUIRE_FALSE(lines.has_value());
    CHECK(bench.fingerprint() == before);
    CHECK(lines.error().text.find('\n') == std::string::npos);
    return lines.error().text;
  };
  CHECK(refused(cluster(web(kBoth), R"(, "mbufs": 512)")) ==
        "nothing was changed: /mbufs needs a restart of lbd");
  CHECK_THAT(refused("{"), Catch::StartsWith("nothing was changed: " + path));
  CHECK_THAT(refused(cluster(web(kFirst + "," + kFirst))),
             Catch::Contains("/services/0/servers/1/address"));
  std::filesystem::remove(path);
  CHECK_FALSE(bench.changes.reload().has_value());
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(bench.changes.reload().error().text ==
        "nothing was changed: " + path + " is no file that can be read again");
  CHECK(bench.fingerprint() == before);
}

TEST_CASE("live: a plan says what would be and changes nothing") {
  WebBench bench;
  bench.open_two();
  const std::string before = bench.fingerprint();
  CHECK(bench.changes.plan(LiveBench::load(cluster(web(kFirst)))) ==
        Lines{"server 10.2.0.12:80 of web leaves, 1 connection drains"});
  CHECK(bench.changes.plan(LiveBench::load(cluster("", R"(, "mbufs": 512)"))).error().text ==
        "nothing was changed: /mbufs needs a restart of lbd");
  CHECK(bench.fingerprint() == before);
}

TEST_CASE("live: a plan counts what a service has at servers that leave already") {
  WebBench bench;
  bench.open_two();
  REQUIRE(bench.changes.replace(LiveBench::load(cluster(web(kFirst))), {}).has_value());
  CHECK(bench.changes.plan(LiveBench::load(cluster(""))) ==
        Lines{"service web leaves, 2 connections drain"});
}

TEST_CASE("live: what is saved loads to what runs") {
  const shared_test::TempDir dir;
  LiveBench bench(cluster(web(kBoth)));
  bench.running.config_file = dir / "lbd.json";
  REQUIRE(bench.changes.set_timeouts({.tcp = 77}).has_value());
  CHECK(bench.workers->snapshot().timeouts[0] == 77 * lb::kTicksPerSecond);
  REQUIRE(bench.changes.save().has_value());
  std::ostringstream text;
  text << std::ifstream(bench.running.config_file).rdbuf();
  CHECK(LiveBench::load(text.str()) == bench.config());
  CHECK(bench.changes.reload() == Lines{});
  bench.running.config_file = dir / "no/such/file";
  CHECK(bench.changes.save().error().kind == Refusal::Kind::kFailed);
}

}  // namespace
}  // namespace control
