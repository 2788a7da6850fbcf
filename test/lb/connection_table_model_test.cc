// The connection table against sorted maps, over random operations in tables that are far too
// small.
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "test/lb/support.h"

using lb::Direction;
using lb::EntryIndex;
using lb::kNoEntry;
using lb::Protocol;
using lb_test::end_of;
using lb_test::Random;
using Table = lb::ConnectionTable<lb::V4>;
using End = lb::End<lb::V4>;

namespace {

// Ends by small numbers, so that random ones meet again.
struct Tuple {
  uint32_t client, service, server;
  Protocol protocol;

  End outside() const {
    return end_of(0x0a010000 + client % 7, static_cast<uint16_t>(40000 + client));
  }
  End virtual_end() const { return end_of(0x0a010064, static_cast<uint16_t>(80 + service)); }
  End inside() const { return end_of(0x0a020000 + server, 8080); }
  auto inbound() const { return std::tuple(client, service, protocol); }
  auto outbound() const { return std::tuple(client, server, protocol); }
};

struct Limits {
  uint32_t capacity, entries, clients, services, servers;
};

class Model {
 public:
  Model(uint64_t seed, const Limits& limits)
      : limits_(limits),
        random_(seed),
        pool_(limits.entries),
        memory_(Table::bytes_for(limits.capacity)),
        table_(*pool_, memory_.span(), {random_.next(), random_.next()}),
        tuples_(limits.entries) {
    for (EntryIndex i = limits.entries; i > 0; --i) free_.push_back(i - 1);
  }

  void step() {
    const Tuple tuple = random_tuple();
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2:
        insert(tuple);
        break;
      case 3:
      case 4:
        if (!inbound_.empty()) remove(random_entry());
        break;
      case 5:
        check_inbound(tuple);
        break;
      default:
        check_outbound(tuple);
        break;
    }
    REQUIRE(table_.size() == inbound_.size());
  }

  // Every entry is found both ways and visited exactly once, in the bucket of its hash.
  void check_everything() {
    for (const auto& [key, index] : inbound_) {
      check_inbound(tuples_[index]);
      check_outbound(tuples_[index]);
    }
    std::set<EntryIndex> seen;
    for (uint64_t bucket = 0; bucket < table_.buckets(); ++bucket) {
      table_.visit_bucket(bucket, [&](const auto& entry) {
        REQUIRE((table_.hash(entry.outside, entry.protocol) & (table_.buckets() - 1)) == bucket);
        REQUIRE(seen.insert(static_cast<EntryIndex>(&entry - &(*pool_)[0])).second);
      });
    }
    std::set<EntryIndex> expected;
    for (const auto& [key, index] : inbound_) expected.insert(index);
    REQUIRE(seen == expected);
  }

  void remove_everything() {
    while (!inbound_.empty()) remove(random_entry());
    check_everything();
  }

 private:
  Tuple random_tuple() {
    return {random_.below(limits_.clients), random_.below(limits_.services),
            random_.below(limits_.servers), random_.one_in(4) ? Protocol::kUdp : Protocol::kTcp};
  }
  EntryIndex random_entry() {
    const Tuple tuple = random_tuple();
    auto found = inbound_.lower_bound(tuple.inbound());
    if (found == inbound_.end()) found = inbound_.begin();
    return found->second;
  }

  void insert(const Tuple& tuple) {
    if (free_.empty() || inbound_.contains(tuple.inbound())) return;
    const EntryIndex index = free_.back();
    free_.pop_back();
    auto& entry = (*pool_)[index];
    entry.outside = tuple.outside();
    entry.virtual_end = tuple.virtual_end();
    entry.inside = tuple.inside();
    entry.protocol = tuple.protocol;
    entry.replies_seen = !random_.one_in(4);
    table_.insert(index);
    tuples_[index] = tuple;
    inbound_[tuple.inbound()] = index;
    if (entry.replies_seen) outbound_[tuple.outbound()].insert(index);
  }

  void remove(EntryIndex index) {
    table_.remove(index);
    inbound_.erase(tuples_[index].inbound());
    outbound_[tuples_[index].outbound()].erase(index);
    free_.push_back(index);
  }

  EntryIndex find(const Tuple& tuple, Direction direction, const End& other) const {
    return table_.find(table_.hash(tuple.outside(), tuple.protocol), direction, tuple.outside(),
                       other, tuple.protocol);
  }
  void check_inbound(const Tuple& tuple) const {
    const auto expected = inbound_.find(tuple.inbound());
    REQUIRE(find(tuple, Direction::kInbound, tuple.virtual_end()) ==
            (expected != inbound_.end() ? expected->second : kNoEntry));
  }
  // The reverse tuple may be that of several connections; any of them will do here.
  void check_outbound(const Tuple& tuple) {
    const std::set<EntryIndex>& expected = outbound_[tuple.outbound()];
    const EntryIndex found = find(tuple, Direction::kOutbound, tuple.inside());
    if (expected.empty()) {
      REQUIRE(found == kNoEntry);
    } else {
      REQUIRE(expected.contains(found));
    }
  }

  Limits limits_;
  Random random_;
  lb_test::Pool pool_;
  lb_test::Memory memory_;
  Table table_;
  std::vector<Tuple> tuples_;
  std::vector<EntryIndex> free_;
  std::map<std::tuple<uint32_t, uint32_t, Protocol>, EntryIndex> inbound_;
  std::map<std::tuple<uint32_t, uint32_t, Protocol>, std::set<EntryIndex>> outbound_;
};

void run(const Limits& limits, uint64_t seeds = 10, int steps = 6000) {
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    Model model(seed, limits);
    for (int step = 0; step < steps; ++step) {
      model.step();
      if (step % (steps / 12) == 0) model.check_everything();
    }
    model.check_everything();
    model.remove_everything();
  }
}

}  // namespace

TEST_CASE("a table of one bucket behaves as a map, with long chains of many clients") {
  run({.capacity = 1, .entries = 100, .clients = 100, .services = 2, .servers = 3});
}

TEST_CASE("a table of one bucket behaves as a map, with siblings in its chain") {
  run({.capacity = 1, .entries = 100, .clients = 12, .services = 10, .servers = 10});
}

TEST_CASE("a table of few buckets behaves as a map, with chains that come and go") {
  run({.capacity = 24, .entries = 60, .clients = 40, .services = 3, .servers = 4});
}

TEST_CASE("a table of the right size behaves as a map") {
  run({.capacity = 1000, .entries = 1000, .clients = 1500, .services = 2, .servers = 5});
}

TEST_CASE("two clients that are open to a thousand services behave as in a map") {
  run({.capacity = 6, .entries = 500, .clients = 2, .services = 1000, .servers = 20});
}

TEST_CASE("a client that is open to ten thousand services behaves as in a map") {
  run({.capacity = 6, .entries = 10'000, .clients = 1, .services = 20'000, .servers = 20'000}, 2,
      60'000);
}
