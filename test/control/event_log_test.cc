// What workers notice becomes few lines of the log, whatever a host on the wire does.
#include "control/event_log.h"

#include <catch2/catch.hpp>
#include <vector>

namespace control {
namespace {

using dataplane::Event;
using namespace std::chrono_literals;

struct Bench {
  conf::Config config;
  std::vector<std::string> lines;
  EventLog log{[this](log::Level, const std::string& line) { lines.push_back(line); }};
  EventLog::Time now{};

  Bench() { config.interfaces.resize(1); }
  void conflict(uint32_t address, uint8_t mac) {
    Event event{Event::Kind::kAddressConflict, 0, lb::Ipv4Address{lb::Be32(address)}};
    event.from.bytes[5] = mac;
    log.take(event, config, now);
  }
  void failed(uint32_t address) {
    log.take({Event::Kind::kNeighbourFailed, 0, lb::Ipv4Address{lb::Be32(address)}}, config, now);
  }
};

TEST_CASE_METHOD(Bench, "event log: the same from several workers is one line") {
  for (int worker = 0; worker < 3; ++worker) failed(1);
  CHECK(lines.size() == 1);
  now += 10s;
  failed(1);
  CHECK(lines.size() == 2);
}

TEST_CASE_METHOD(Bench, "event log: a flood about one address is five lines a minute and a sum") {
  for (int i = 0; i < 500; ++i) conflict(1, static_cast<uint8_t>(i));
  CHECK(lines.size() == 5);
  failed(2);
  CHECK(lines.size() == 6);
  now += 59s;
  log.step(0, now);
  CHECK(lines.size() == 6);
  now += 1s;
  log.step(0, now);
  REQUIRE(lines.size() == 7);
  CHECK(lines[6] ==
        "495 more in 60 s, the last: interface : 00:00:00:00:00:f3 claims the director's address "
        "0.0.0.1");
  conflict(1, 1);
  CHECK(lines.size() == 8);
}

TEST_CASE_METHOD(Bench, "event log: what was too much to be told is counted") {
  log.step(7, now);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "7 more events on the wire were too many to be told");
  log.step(9, now);
  CHECK(lines.size() == 1);
  for (uint32_t address = 0; address < 1500; ++address) failed(address);
  CHECK(lines.size() == 1001);
  now += 60s;
  log.step(9, now);
  CHECK(lines.back() == "502 more events on the wire were too many to be told");
}

}  // namespace
}  // namespace control
