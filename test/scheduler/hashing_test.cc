// sh, mh and dh: the same client or destination, the same server.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "scheduler/hash_table.h"
#include "test/scheduler/support.h"

using scheduler::kFallback;
using scheduler::kPort;
using scheduler_test::optional_of;
using scheduler_test::Weights;

namespace {

// Servers of distinct addresses, as mh wants them.
std::vector<scheduler::Server> servers_of(const Weights& weights) {
  auto servers = scheduler_test::servers_of(weights);
  for (uint32_t i = 0; i < servers.size(); ++i) {
    servers[i].address = 0x0a020001 + i;
    servers[i].port = 80;
  }
  return servers;
}

std::optional<uint32_t> pick(const scheduler::Plan& plan, uint32_t client, uint16_t port = 1,
                             const std::atomic<uint8_t>* overloads = nullptr,
                             uint32_t destination = 0) {
  return optional_of(plan.pick({.loads = scheduler::LoadView({}),
                                .overloads = scheduler::Overloads(overloads),
                                .client = client,
                                .destination = destination,
                                .client_port = port}));
}

auto compile(const char* name, const std::vector<scheduler::Server>& servers,
             scheduler::Options options = {}) {
  return scheduler::find(name)->compile(servers, options);
}

// How many of the first clients each server gets.
std::vector<uint32_t> shares(const scheduler::Plan& plan, size_t servers, uint32_t clients) {
  std::vector<uint32_t> result(servers);
  for (uint32_t client = 0; client < clients; ++client) {
    if (const auto chosen = pick(plan, 0x0a010000 + client)) ++result.at(*chosen);
  }
  return result;
}

}  // namespace

TEST_CASE("sh and mh look at the client's port only if told to") {
  const auto servers = servers_of({1, 1, 1, 1});
  for (const char* name : {"sh", "mh"}) {
    CAPTURE(name);
    const auto without = compile(name, servers);
    const auto with = compile(name, servers, scheduler::Options().with(kPort));
    bool moved = false;
    for (uint16_t port = 1; port < 100; ++port) {
      CHECK(pick(*without, 7, port) == pick(*without, 7, 1));
      moved = moved || pick(*with, 7, port) != pick(*with, 7, 1);
    }
    CHECK(moved);
  }
}

TEST_CASE("sh and mh share clients in proportion to weight") {
  for (const char* name : {"sh", "mh"}) {
    CAPTURE(name);
    const auto counts = shares(*compile(name, servers_of({1, 2, 5})), 3, 80000);
    CHECK(counts[0] == Approx(10000).epsilon(0.1));
    CHECK(counts[1] == Approx(20000).epsilon(0.1));
    CHECK(counts[2] == Approx(50000).epsilon(0.1));
  }
}

TEST_CASE("sh scales weights that are too many for its buckets, where LVS leaves servers without") {
  const auto counts = shares(*compile("sh", servers_of({3000, 1000, 4000})), 3, 80000);
  CHECK(counts[0] == Approx(30000).epsilon(0.1));
  CHECK(counts[1] == Approx(10000).epsilon(0.1));
  CHECK(counts[2] == Approx(40000).epsilon(0.1));
}

TEST_CASE("a quiesced server's clients are refused without fallback, and nobody else's moves") {
  for (const char* name : {"sh", "mh"}) {
    CAPTURE(name);
    auto servers = servers_of({1, 1, 1});
    const auto before = compile(name, servers);
    servers[1].weight = 0;
    servers[1].last_weight = 1;
    const auto after = compile(name, servers);
    const auto with = compile(name, servers, scheduler::Options().with(kFallback));
    for (uint32_t client = 0; client < 1000; ++client) {
      const auto old = pick(*before, client);
      if (old == 1u) {
        REQUIRE_FALSE(pick(*after, client));
        REQUIRE(pick(*with, client).value_or(1) != 1);
      } else {
        REQUIRE(pick(*after, client) == old);
        REQUIRE(pick(*with, client) == old);
      }
    }
  }
}

TEST_CASE(
    "mh keeps a quiesced server's places by its last weight; one that never had any has none") {
  auto servers = servers_of({4, 0, 4});
  servers[1].last_weight = 8;
  const auto counts = shares(*compile("mh", servers), 3, 8000);
  CHECK(counts[0] + counts[2] == Approx(4000).epsilon(0.1));
  servers[1].last_weight = 0;
  const auto all = shares(*compile("mh", servers), 3, 8000);
  CHECK(all[0] + all[2] == 8000);
}

TEST_CASE("mh moves few clients of the servers that stay when one goes") {
  Weights weights(10, 1);
  auto servers = servers_of(weights);
  const auto before = compile("mh", servers);
  servers.pop_back();
  const auto after = compile("mh", servers);
  uint32_t stayed = 0;
  uint32_t moved = 0;
  for (uint32_t client = 0; client < 20000; ++client) {
    const auto old = pick(*before, client);
    if (old == 9u) continue;
    ++(pick(*after, client) == old ? stayed : moved);
  }
  CHECK(moved * 10 < stayed);
}

TEST_CASE("an overloaded server's clients are refused, or with fallback shared among the others") {
  std::atomic<uint8_t> overloads[4] = {0, 0, 1, 0};
  for (const char* name : {"sh", "mh"}) {
    CAPTURE(name);
    const auto servers = servers_of({1, 2, 3, 1});
    const auto without = compile(name, servers);
    const auto with = compile(name, servers, scheduler::Options().with(kFallback));
    std::map<uint32_t, uint32_t> heirs;
    for (uint32_t client = 0; client < 4000; ++client) {
      const auto usual = pick(*without, client);
      if (usual != 2u) {
        REQUIRE(pick(*without, client, 1, overloads) == usual);
        REQUIRE(pick(*with, client, 1, overloads) == usual);
        continue;
      }
      REQUIRE_FALSE(pick(*without, client, 1, overloads));
      ++heirs[pick(*with, client, 1, overloads).value()];
    }
    CHECK(heirs.size() >= 2);
    CHECK(heirs.count(2) == 0);
  }
}

TEST_CASE("with fallback a client is refused only when every server is overloaded") {
  std::atomic<uint8_t> overloads[3] = {1, 1, 0};
  for (const char* name : {"sh", "mh"}) {
    CAPTURE(name);
    // The open server has one place of very many.
    const auto plan = compile(name, servers_of({60, 60, 1}), scheduler::Options().with(kFallback));
    overloads[2] = 0;
    for (uint32_t client = 0; client < 500; ++client) {
      REQUIRE(pick(*plan, client, 1, overloads) == 2u);
    }
    overloads[2] = 1;
    CHECK_FALSE(pick(*plan, 1, 1, overloads));
  }
}

TEST_CASE(
    "dh spreads destinations evenly, whatever client and weight, and refuses for a quiesced one") {
  const auto plan = compile("dh", servers_of({1, 100, 0, 7}));
  std::vector<uint32_t> counts(4);
  uint32_t refused = 0;
  for (uint32_t destination = 0; destination < 8000; ++destination) {
    const auto chosen = pick(*plan, 1, 1, nullptr, destination);
    REQUIRE(pick(*plan, 99, 98, nullptr, destination) == chosen);
    chosen ? ++counts.at(*chosen) : ++refused;
  }
  for (const uint32_t position : {0, 1, 3}) CHECK(counts[position] == Approx(2000).epsilon(0.1));
  CHECK(refused == Approx(2000).epsilon(0.1));
}

TEST_CASE("more servers than places do no harm") {
  for (const char* name : {"sh", "mh", "dh"}) {
    CAPTURE(name);
    CHECK(pick(*compile(name, servers_of(Weights(5000, 3))), 12345));
  }
}
