// Slots: they stay while anything may refer to them, come back to whom they belonged, and are not
// used again at once.
#include "control/roster.h"

#include <catch2/catch.hpp>
#include <set>

#include "test/control/fake_facts.h"

namespace control {
namespace {

using test::endpoint;
using namespace std::chrono_literals;

const Roster::Time kStart{std::chrono::hours(1)};

conf::Service service(std::string_view address, std::initializer_list<std::string_view> servers) {
  conf::Service result;
  result.address = endpoint(address);
  result.name = result.derived_name();
  for (const std::string_view server : servers) {
    result.servers.emplace_back().address = endpoint(server);
  }
  return result;
}

const conf::Service kWeb = service("10.1.0.100:80", {"10.2.0.11:80", "10.2.0.12:80"});
const ServiceKey kKey = key_of(kWeb);

// A roster with kWeb in it.
Roster with_web() {
  Roster roster;
  roster.enter(kWeb, kStart);
  return roster;
}

const Roster::Server& member(const Roster& roster, std::string_view address) {
  return roster.find(kKey)->servers.at(endpoint(address));
}

void leave_all(Roster& roster, const conf::Service& gone) {
  for (const conf::Server& server : gone.servers) roster.leave(key_of(gone), server, {}, 1, kStart);
  roster.leave(key_of(gone));
}

void release_all(Roster& roster, const conf::Service& gone) {
  for (const conf::Server& server : gone.servers) roster.release(key_of(gone), server.address);
  roster.release(key_of(gone));
}

TEST_CASE("slots are counted from 0, and a thousand come back before one is used again") {
  SlotPool pool(5000);
  for (uint32_t i = 0; i < 10; ++i) CHECK(pool.take() == i);
  CHECK(pool.free() == 4990);
  pool.give(3);
  pool.give(7);
  CHECK(pool.free() == 4992);
  CHECK(pool.take() == 10);
  for (uint32_t i = 0; i < 1021; ++i) pool.give(pool.take());
  // 1,023 have come back by now; the 1,024th makes the oldest a number like others.
  CHECK(pool.take() == 1032);
  pool.give(1032);
  CHECK(pool.take() == 3);
  CHECK(pool.take() == 1033);
}

TEST_CASE("where no other slot is left, one that has come back is used at once") {
  SlotPool pool(3);
  for (uint32_t i = 0; i < 3; ++i) pool.take();
  CHECK(pool.free() == 0);
  pool.give(1);
  CHECK(pool.free() == 1);
  CHECK(pool.take() == 1);
  CHECK(pool.free() == 0);
}

TEST_CASE("a service and its servers get slots of their own, told once") {
  Roster roster;
  CHECK(roster.enter(kWeb, kStart).size() == 2);
  CHECK(roster.enter(kWeb, kStart).empty());
  const conf::Service dns = service("10.1.0.100:53", {"10.2.0.11:80"});
  CHECK(roster.enter(dns, kStart).size() == 1);
  const Roster::Service* web = roster.find(kKey);
  REQUIRE(web != nullptr);
  std::set<uint32_t> slots;
  for (const auto& [key, entry] : roster.services()) {
    for (const auto& [address, server] : entry.servers) CHECK(slots.insert(server.slot).second);
  }
  CHECK(web->slot != roster.find(key_of(dns))->slot);
  CHECK(roster.at(web->slot) == web);
  CHECK(roster.at(99) == nullptr);
  CHECK(roster.find({lb::Protocol::kUdp, kKey.address}) == nullptr);
}

TEST_CASE("a server that leaves keeps its slot, and has it again when it comes back") {
  Roster roster = with_web();
  const uint32_t slot = member(roster, "10.2.0.11:80").slot;
  roster.leave(kKey, kWeb.servers[0], {}, 7, kStart);
  const Roster::Server& leaving = member(roster, "10.2.0.11:80");
  REQUIRE(leaving.leaving);
  CHECK(leaving.slot == slot);
  CHECK(leaving.leaving->publication == 7);
  CHECK(leaving.leaving->last == kWeb.servers[0]);
  CHECK_FALSE(leaving.leaving->deadline);
  CHECK_FALSE(leaving.leaving->cut);
  CHECK(roster.enter(kWeb, kStart + 1s).empty());
  CHECK(member(roster, "10.2.0.11:80").slot == slot);
  CHECK_FALSE(member(roster, "10.2.0.11:80").leaving);
}

TEST_CASE("a farewell says when what is left is cut") {
  Roster roster = with_web();
  roster.leave(kKey, kWeb.servers[0], {Farewell::Kind::kCut, {}}, 1, kStart);
  roster.leave(kKey, kWeb.servers[1], {Farewell::Kind::kDrain, 30}, 1, kStart);
  CHECK(member(roster, "10.2.0.11:80").leaving->deadline == kStart);
  CHECK(member(roster, "10.2.0.12:80").leaving->deadline == kStart + 30s);
}

TEST_CASE("a server that is released has left, and its slot is nobody's for long") {
  Roster roster = with_web();
  const uint32_t slot = member(roster, "10.2.0.11:80").slot;
  roster.leave(kKey, kWeb.servers[0], {}, 1, kStart);
  roster.release(kKey, kWeb.servers[0].address);
  CHECK_FALSE(roster.find(kKey)->servers.contains(kWeb.servers[0].address));
  const std::vector<uint32_t> fresh = roster.enter(kWeb, kStart);
  REQUIRE(fresh.size() == 1);
  CHECK(fresh[0] != slot);
}

TEST_CASE("a server is found wherever it is looked for first, whatever came and left before") {
  Roster roster = with_web();
  const auto check = [&](const conf::Service& now) {
    const Roster::Service& entry = *roster.find(kKey);
    for (const conf::Server& server : now.servers) {
      for (size_t place = 0; place < 4; ++place) {
        CHECK(&entry.at(server.address, place) == &entry.servers.at(server.address));
      }
    }
  };
  check(kWeb);
  const conf::Service turned = service("10.1.0.100:80", {"10.2.0.12:80", "10.2.0.11:80"});
  CHECK(roster.enter(turned, kStart).empty());
  check(turned);
  const conf::Service other = service("10.1.0.100:80", {"10.2.0.13:80", "10.2.0.12:80"});
  roster.leave(kKey, kWeb.servers[0], {}, 1, kStart);
  // By itself: which side of a comparison comes first is the compiler's choice.
  const std::vector<uint32_t> third = roster.enter(other, kStart);
  CHECK(third == std::vector{member(roster, "10.2.0.13:80").slot});
  check(other);
  roster.release(kKey, kWeb.servers[0].address);
  check(other);
  const std::vector<uint32_t> first = roster.enter(kWeb, kStart);
  CHECK(first == std::vector{member(roster, "10.2.0.11:80").slot});
  check(kWeb);
  CHECK_THROWS(roster.find(kKey)->at(endpoint("10.2.0.99:80"), 0));
}

TEST_CASE("a service that leaves keeps its slot until it is released") {
  Roster roster = with_web();
  const uint32_t slot = roster.find(kKey)->slot;
  leave_all(roster, kWeb);
  CHECK(roster.find(kKey)->leaving);
  CHECK(roster.at(slot) == roster.find(kKey));
  // Back with one of its servers: the other one still leaves.
  const conf::Service half = service("10.1.0.100:80", {"10.2.0.12:80"});
  CHECK(roster.enter(half, kStart).empty());
  CHECK_FALSE(roster.find(kKey)->leaving);
  CHECK(roster.find(kKey)->slot == slot);
  CHECK(member(roster, "10.2.0.11:80").leaving);
  CHECK_FALSE(member(roster, "10.2.0.12:80").leaving);
  leave_all(roster, half);
  release_all(roster, kWeb);
  CHECK(roster.find(kKey) == nullptr);
  CHECK(roster.at(slot) == nullptr);
  roster.enter(kWeb, kStart);
  CHECK(roster.find(kKey)->slot != slot);
}

TEST_CASE("what comes and leaves again and again uses up no slots") {
  Roster roster;
  const auto room = [&] { return roster.has_room(kMasqueradeService, kMasqueradeServer); };
  CHECK(room());
  for (int i = 0; i < 5000; ++i) {
    roster.enter(kWeb, kStart);
    CHECK_FALSE(room());
    CHECK(roster.find(kKey)->slot < 1100);
    CHECK(member(roster, "10.2.0.12:80").slot < 1100);
    leave_all(roster, kWeb);
    release_all(roster, kWeb);
  }
  CHECK(room());
  CHECK_FALSE(roster.has_room(kMasqueradeService + 1, 0));
  CHECK_FALSE(roster.has_room(0, kMasqueradeServer + 1));
}

TEST_CASE("a slow start begins when a server begins to take connections") {
  Roster roster = with_web();
  conf::Service web = kWeb;
  const auto since = [&] { return member(roster, "10.2.0.11:80").accepts_since; };
  CHECK(since() == kStart);
  web.servers[0].weight = 5;
  roster.enter(web, kStart + 1s);
  CHECK(since() == kStart);
  web.servers[0].weight = 0;
  roster.enter(web, kStart + 2s);
  CHECK_FALSE(member(roster, "10.2.0.11:80").accepts);
  CHECK(member(roster, "10.2.0.11:80").last_weight == 5);
  web.servers[0].weight = 1;
  roster.enter(web, kStart + 3s);
  CHECK(since() == kStart + 3s);
  web.servers[0].state = conf::ServerState::kDrain;
  roster.enter(web, kStart + 4s);
  web.servers[0].state = conf::ServerState::kReady;
  roster.enter(web, kStart + 5s);
  CHECK(since() == kStart + 5s);
  roster.leave(kKey, web.servers[0], {}, 1, kStart + 6s);
  roster.enter(web, kStart + 7s);
  CHECK(since() == kStart + 7s);
}

TEST_CASE("those that start with the director need no slow start") {
  conf::Config config;
  config.services = {kWeb};
  const Roster roster = enter_all(config);
  CHECK(member(roster, "10.2.0.11:80").accepts_since == Roster::Time{});
}

}  // namespace
}  // namespace control
