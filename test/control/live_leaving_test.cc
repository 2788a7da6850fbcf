// What is deleted while it runs: it goes on to its end, its deadline or, by force, no longer.
#include <catch2/catch.hpp>

#include "control/live_changes.h"
#include "test/control/web_bench.h"

namespace control {
namespace {

using test::cluster;
using test::kForce;
using test::LiveBench;
using test::WebBench;

TEST_CASE_METHOD(WebBench, "live: a server that is deleted keeps its connections to their end") {
  open_two();
  const uint32_t slot = member("web", "10.2.0.11:80").slot;
  REQUIRE(remove("10.2.0.11:80").has_value());
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11:80");
  CHECK(server_of("10.1.0.10:3", "S") == "10.2.0.12:80");
  CHECK(server_of("10.1.0.10:4", "S") == "10.2.0.12:80");
  settle();
  CHECK(member("web", "10.2.0.11:80").leaving);
  CHECK(connections("web", "10.2.0.11:80") == 1);
  const ServiceKey web_key = key();
  pass(1000);
  CHECK_FALSE(running.roster.find(web_key)->servers.contains(*lb::Endpoint::parse("10.2.0.11:80")));
  // What it has done is still the service's.
  CHECK(running.roster.find(web_key)->departed.connections == 1);
  CHECK(running.connections_of(slot) == 0);
}

TEST_CASE_METHOD(WebBench, "live: a server that comes back before its end has its place again") {
  open_two();
  const uint32_t slot = member("web", "10.2.0.11:80").slot;
  const conf::Service before = *find("web");
  REQUIRE(remove("10.2.0.11:80").has_value());
  settle();
  REQUIRE(edit([&](conf::Service& service) { service.servers = before.servers; }).has_value());
  settle();
  CHECK(member("web", "10.2.0.11:80").slot == slot);
  CHECK_FALSE(member("web", "10.2.0.11:80").leaving);
  CHECK(running.tally->totals(slot).connections == 1);
  pass(1000);
  CHECK(member("web", "10.2.0.11:80").slot == slot);
}

TEST_CASE_METHOD(WebBench, "live: at the deadline, what is left is cut") {
  open_two();
  REQUIRE(remove("10.2.0.11:80", {Farewell::Kind::kDrain, 30}).has_value());
  pass(29);
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11:80");
  pass(1);
  // Each end is asked where it is, and resets follow.
  CHECK(from_client("10.1.0.10:1", "A").size() == 2);
  CHECK(server_of("10.1.0.10:2", "A") == "10.2.0.12:80");
  pass(11);
  CHECK(running.roster.find(key())->servers.size() == 1);
}

TEST_CASE_METHOD(WebBench, "live: by force, connections are cut at once") {
  open_two();
  workers->sent();
  REQUIRE(remove("10.2.0.11:80", kForce).has_value());
  for (int i = 0; i < 8; ++i) workers->turn();
  CHECK(workers->sent().size() == 2);
  CHECK(from_client("10.1.0.10:1", "A").size() == 2);
  CHECK(server_of("10.1.0.10:1", "S") == "10.2.0.12:80");
}

TEST_CASE_METHOD(WebBench, "live: what drains can be told to end sooner, and never later") {
  open_two();
  const auto address = *lb::Endpoint::parse("10.2.0.11:80");
  const auto hasten = [&](const Farewell& farewell) {
    return changes.hasten("web", address, farewell).has_value();
  };
  CHECK_FALSE(hasten(kForce));  // it has not left
  REQUIRE(remove("10.2.0.11:80").has_value());
  REQUIRE(hasten({Farewell::Kind::kDrain, 30}));
  REQUIRE(hasten({Farewell::Kind::kDrain, 300}));
  CHECK_FALSE(changes.hasten("web", {}, kForce).has_value());  // the service stays
  pass(29);
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11:80");
  pass(1);
  CHECK(from_client("10.1.0.10:1", "A").size() == 2);
  CHECK(server_of("10.1.0.10:2", "A") == "10.2.0.12:80");
}

TEST_CASE_METHOD(WebBench, "live: a service takes those along that were deleted before it") {
  open_two();
  workers->sent();
  REQUIRE(remove("10.2.0.11:80").has_value());
  SECTION("at once") { REQUIRE(changes.delete_service(key(), kForce).has_value()); }
  SECTION("when it is told so later") {
    REQUIRE(changes.delete_service(key(), {}).has_value());
    REQUIRE(changes.hasten("web", {}, kForce).has_value());
  }
  for (int i = 0; i < 8; ++i) workers->turn();
  CHECK(workers->sent().size() == 4);
}

TEST_CASE_METHOD(WebBench, "live: a service that leaves is none that could be deleted once more") {
  open_two();
  REQUIRE(changes.delete_service(key(), {}).has_value());
  settle();
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11:80");
  // There is no such service any more to be deleted once more.
  CHECK(changes.delete_service({lb::Protocol::kTcp, *lb::Endpoint::parse("10.1.0.100:80")}, kForce)
            .error()
            .kind == Refusal::Kind::kNoSuchService);
}

TEST_CASE_METHOD(WebBench,
                 "live: a deleted service ends with its last connection, and not before") {
  open_two();
  const uint32_t slot = running.roster.find(key())->slot;
  REQUIRE(changes.delete_service(key(), {}).has_value());
  settle();
  CHECK(config().services.empty());
  CHECK(running.roster.at(slot) != nullptr);
  CHECK(workers->snapshot().services[slot]->closed);
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11:80");
  CHECK_THAT(from_client("10.1.0.10:9", "S").at(0), Catch::Contains("[RA]"));
  pass(1000);
  CHECK(running.roster.at(slot) == nullptr);
  CHECK(running.roster.services().empty());
  CHECK(workers->snapshot().services[slot] == nullptr);
  CHECK_FALSE(workers->snapshot().own.contains(lb::IpAddress::parse("10.1.0.100")->ipv4()));
}

TEST_CASE_METHOD(WebBench, "live: a service without connections is gone when its workers know") {
  REQUIRE(changes.delete_service(key(), {}).has_value());
  changes.watch();
  changes.watch();
  changes.watch();
  // No worker has turned: one might still open a connection.
  CHECK(running.roster.services().size() == 1);
  settle();
  CHECK(running.roster.services().empty());
}

TEST_CASE_METHOD(WebBench, "live: a service that comes back takes up what it was") {
  open_two();
  const conf::Service before = *find("web");
  const uint32_t slot = running.roster.find(key())->slot;
  REQUIRE(changes.delete_service(key(), {Farewell::Kind::kDrain, 60}).has_value());
  settle();
  REQUIRE(changes.add_service(before).has_value());
  CHECK(running.roster.find(key())->slot == slot);
  CHECK_FALSE(workers->snapshot().services[slot]->closed);
  CHECK(connections("web", "10.2.0.11:80") == 1);
  // The deadline was the deletion's.
  pass(61);
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11:80");
}

TEST_CASE_METHOD(WebBench, "live: what comes back after force is not cut with what was there") {
  open_two();
  REQUIRE(edit([](conf::Service& service) {
            for (conf::Server& server : service.servers) server.upper_threshold = 1;
          }).has_value());
  settle();
  const conf::Service before = *find("web");
  const uint32_t slot = member("web", "10.2.0.11:80").slot;
  const auto force_and_add = [&] {
    REQUIRE(remove("10.2.0.11:80", kForce).has_value());
    REQUIRE(edit([&](conf::Service& service) { service.servers = before.servers; }).has_value());
  };
  force_and_add();
  CHECK(member("web", "10.2.0.11:80").slot != slot);
  // Nobody has been cut yet, and what is to be cut takes no place of the new one's.
  CHECK(changes.hurries());
  CHECK(server_of("10.1.0.10:3", "S") == "10.2.0.11:80");
  CHECK(from_client("10.1.0.10:4", "S").at(0).find("ICMP") != std::string::npos);
  for (int i = 0; i < 8; ++i) workers->turn();
  CHECK(from_client("10.1.0.10:1", "A").size() == 2);
  CHECK(server_of("10.1.0.10:3", "A") == "10.2.0.11:80");
  CHECK(running.tally->totals(member("web", "10.2.0.11:80").slot).connections == 1);
  changes.watch();
  CHECK_FALSE(changes.hurries());

  SECTION("again and again, before the first has ended") {
    force_and_add();
    CHECK(running.roster.find(key())->cut_off.size() == 2);
  }
  SECTION("with its service") {
    REQUIRE(changes.delete_service(key(), kForce).has_value());
    REQUIRE(changes.add_service(before).has_value());
    CHECK(running.roster.find(key())->cut_off.size() == 3);
    from_client("10.1.0.10:5", "S");
    for (int i = 0; i < 8; ++i) workers->turn();
    server_of("10.1.0.10:5", "A");
  }
  const uint64_t opened = running.roster.find(key())->departed.connections;
  pass(1000);
  CHECK(running.roster.find(key())->cut_off.empty());
  CHECK(running.roster.find(key())->departed.connections > opened);
  CHECK(running.connections_of(slot) == 0);
}

TEST_CASE("live: what a one-packet service asked before a deletion is answered from the VIP") {
  LiveBench bench(cluster(R"({"name": "dns", "protocol": "udp", "address": "10.1.0.100:53",
                              "scheduler": "rr", "one_packet": true, "servers": [
                                {"address": "10.2.0.11"}, {"address": "10.2.0.12"}]})"));
  const auto source = [&] {
    bench.workers->sent();
    bench.workers->receive(1, dataplane_test::udp("10.2.0.11:53", "10.1.0.10:4000"));
    const std::vector<std::string> out = bench.workers->sent();
    REQUIRE(out.size() == 1);
    return out[0].substr(0, out[0].find('>'));
  };
  const ServiceKey key = key_of(*bench.find("dns"));
  const auto remove = [&](const Farewell& farewell) {
    const auto first = [](conf::Service& service) -> Change {
      service.servers.erase(service.servers.begin());
      return {};
    };
    REQUIRE(bench.changes.edit_service(key, first, farewell).has_value());
  };
  CHECK(source() == "UDP 10.1.0.100:53");
  SECTION("of a server") {
    remove({});
    CHECK(source() == "UDP 10.1.0.100:53");
    bench.pass(9);
    CHECK(source() == "UDP 10.1.0.100:53");
    bench.pass(2);
    CHECK(bench.running.roster.find(key)->servers.size() == 1);
  }
  SECTION("of the service") {
    REQUIRE(bench.changes.delete_service(key, {}).has_value());
    CHECK(source() == "UDP 10.1.0.100:53");
    bench.pass(11);
    CHECK(bench.running.roster.find(key) == nullptr);
  }
  SECTION("by force not") { remove(kForce); }
  SECTION("to the deadline at the longest") {
    remove({Farewell::Kind::kDrain, 3});
    bench.pass(2);
    CHECK(source() == "UDP 10.1.0.100:53");
    bench.pass(2);
  }
  CHECK(source() == "UDP 10.2.0.11:53");
}

}  // namespace
}  // namespace control
