// A small cluster, and the commands that change it.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "conf/load.h"
#include "control/command_table.h"
#include "control/interpreter.h"
#include "control/vocabulary.h"
#include "test/control/fake_changes.h"
#include "test/control/fake_facts.h"

namespace control::test {

// web with two servers, the first of them with weight 2; a UDP service without name or servers; one
// of every port.
inline conf::Config cluster() {
  auto config = conf::load(R"({
    "interfaces": [{"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"]},
                   {"name": "lan", "device": "b", "addresses": ["10.2.0.1/24"]}],
    "services": [
      {"name": "web", "protocol": "tcp", "address": "10.1.0.100:80",
       "servers": [{"address": "10.2.0.11", "weight": 2}, {"address": "10.2.0.12:8080"}]},
      {"protocol": "udp", "address": "10.1.0.100:53"},
      {"name": "all", "protocol": "tcp", "address": "10.1.0.101:0", "persistence_timeout": 60,
       "forward": "dr", "servers": [{"address": "10.2.0.11"}]}]})",
                           vocabulary());
  REQUIRE(config);
  return std::move(*config);
}

struct ChangeFixture {
  FakeChanges changes{cluster()};
  FakeFacts facts = small_director();
  Interpreter interpreter{command_table(), facts, &changes};

  std::string run(std::string_view line, std::string_view document = {}) {
    return interpreter.execute(line, Level::kAdmin, document);
  }
  // Every refusal is one line and leaves all as it was.
  std::string refused(std::string_view line, std::string_view document = {}) {
    const std::vector<conf::Service> before = changes.config.services;
    std::string reply = run(line, document);
    INFO(line);
    CHECK(reply.starts_with("error: "));
    CHECK(std::ranges::count(reply, '\n') == 1);
    CHECK(changes.config.services == before);
    return reply;
  }
  const conf::Service& web() { return changes.config.services.at(0); }
  const conf::Service& dns() { return changes.config.services.at(1); }
  const conf::Service& all() { return changes.config.services.at(2); }
};

}  // namespace control::test
