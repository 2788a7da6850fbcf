// Totals from counters that only ever grow.
#include "control/tally.h"

#include <catch2/catch.hpp>

#include "test/control/fake_facts.h"

namespace control {
namespace {

// What the workers say, by slot.
struct Tallied {
  std::map<uint32_t, Traffic> traffic;
  std::map<uint32_t, uint64_t> refusals;
  Tally tally{{[this](uint32_t slot) { return traffic[slot]; },
               [this](uint32_t slot) { return refusals[slot]; }}};

  uint64_t connections(uint32_t slot) { return tally.totals(slot).connections; }
};

// A server in slot 0.
Roster with_one_server() {
  conf::Service web;
  web.address = test::endpoint("10.1.0.100:80");
  web.servers.emplace_back().address = test::endpoint("10.2.0.11:80");
  Roster roster;
  roster.enter(web, {});
  return roster;
}

TEST_CASE_METHOD(Tallied, "before anything was cleared, totals are what workers have counted") {
  traffic[5] = {1, 2, 3, 4, 5};
  refusals[2] = 7;
  const Traffic totals = tally.totals(5);
  CHECK(totals.connections == 1);
  CHECK(totals.packets_in == 2);
  CHECK(totals.packets_out == 3);
  CHECK(totals.bytes_in == 4);
  CHECK(totals.bytes_out == 5);
  CHECK(tally.refused(2) == 7);
  CHECK(tally.rates(5).packets_in == 0);
}

TEST_CASE_METHOD(Tallied, "what begins anew counts from zero, and others go on") {
  traffic[0] = {10, 20, 30, 40, 50};
  traffic[3] = {1, 1, 1, 1, 1};
  refusals[1] = 5;
  tally.restart_server(3);
  tally.restart_service(1);
  CHECK(connections(0) == 10);
  CHECK(connections(3) == 0);
  CHECK(tally.refused(1) == 0);
  traffic[3] += {2, 3, 4, 5, 6};
  refusals[1] = 8;
  CHECK(connections(3) == 2);
  CHECK(tally.totals(3).bytes_out == 6);
  CHECK(tally.refused(1) == 3);
  CHECK(tally.refused(0) == 0);
}

TEST_CASE_METHOD(Tallied, "rates follow the totals of whom the roster knows") {
  const Roster roster = with_one_server();
  traffic[0].connections = 80;
  traffic[1].connections = 80;
  tally.tick(roster);
  CHECK(tally.rates(0).connections == 10);  // a quarter of 80 in two seconds
  CHECK(tally.rates(1).connections == 0);
}

TEST_CASE_METHOD(Tallied, "what was cleared makes no rate, neither a huge nor an old one") {
  const Roster roster = with_one_server();
  traffic[0].connections = 80;
  tally.tick(roster);
  tally.restart_server(0);
  CHECK(tally.rates(0).connections == 0);
  tally.tick(roster);
  CHECK(tally.rates(0).connections == 0);
  traffic[0].connections = 88;
  tally.tick(roster);
  CHECK(tally.rates(0).connections == 1);
}

}  // namespace
}  // namespace control
