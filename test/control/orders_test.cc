// What the control thread asks of workers arrives in order, whatever is under way.
#include "control/orders.h"

#include <catch2/catch.hpp>

#include "test/control/web_bench.h"

namespace control {
namespace {

using dataplane::Request;
using dataplane_test::tcp;

struct Ordered {
  conf::Config configuration = test::LiveBench::load(test::cluster(test::web(test::kBoth)));
  Roster roster = enter_all(configuration);
  test::HeapWorkers heap{configuration, roster};
  Orders orders{heap.workers()};

  uint32_t slot(size_t server) const {
    const conf::Service& web = configuration.services[0];
    return roster.find(key_of(web))->servers.at(web.servers[server].address).slot;
  }
  void open(int connections) {
    for (int port = 1; port <= connections; ++port) {
      heap.receive(0, tcp("10.1.0.10:" + std::to_string(port), "10.1.0.100:80").flags("S"));
    }
    heap.sent();
  }
  std::pair<uint64_t, uint64_t> load(size_t server) const {
    const scheduler::ServerLoad load = heap.load(slot(server));
    return {load.active, load.inactive};
  }
  static Request announce(const char* address) {
    Request request{Request::Kind::kAnnounceAddress};
    request.address = lb::IpAddress::parse(address)->ipv4();
    return request;
  }
};

using Load = std::pair<uint64_t, uint64_t>;

TEST_CASE_METHOD(Ordered, "orders: one worker or all are asked") {
  orders.to_one(announce("10.1.0.1"));
  heap.turn();
  CHECK(heap.sent().size() == 1);
  orders.to_all(announce("10.1.0.1"));
  heap.turn();
  CHECK(heap.sent().size() == test::HeapWorkers::kWorkers);
}

TEST_CASE_METHOD(Ordered, "orders: what finds a full queue waits, and comes in order") {
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    orders.to_one(announce(i % 2 == 0 ? "10.1.0.1" : "10.1.0.100"));
    expected.push_back(i % 2 == 0 ? "ARP announces 10.1.0.1 via 0"
                                  : "ARP announces 10.1.0.100 via 0");
  }
  std::vector<std::string> told;
  for (int i = 0; i < 10; ++i) {
    heap.turn();
    for (std::string& line : heap.sent()) told.push_back(std::move(line));
    orders.step();
  }
  CHECK(told == expected);
}

TEST_CASE_METHOD(Ordered,
                 "orders: a cut reaches the connections of those servers, at all workers") {
  open(40);
  CHECK(load(0) == Load(20, 0));
  orders.cut({slot(1)});
  for (int i = 0; i < 50; ++i) heap.turn();
  CHECK(load(0) == Load(20, 0));
  CHECK(load(1) == Load(0, 20));
}

TEST_CASE_METHOD(Ordered,
                 "orders: what is to be cut while a sweep is under way is cut by the next") {
  open(40);
  orders.cut({slot(1)});
  // Nobody has turned yet.
  orders.cut({slot(0)});
  for (int i = 0; i < 50; ++i) heap.turn();
  CHECK(load(0) == Load(20, 0));
  CHECK(load(1) == Load(0, 20));
  orders.step();
  for (int i = 0; i < 50; ++i) heap.turn();
  CHECK(load(0) == Load(0, 20));
}

TEST_CASE_METHOD(Ordered, "orders: a cut waits for a full queue like others") {
  open(40);
  for (int i = 0; i < 100; ++i) orders.to_all(announce("10.1.0.1"));
  orders.cut({slot(0), slot(1)});
  heap.turn();
  CHECK(load(0) == Load(20, 0));
  for (int i = 0; i < 50; ++i) {
    orders.step();
    heap.turn();
  }
  CHECK(load(0) == Load(0, 20));
  CHECK(load(1) == Load(0, 20));
}

TEST_CASE_METHOD(Ordered, "orders: one thing may be cut twice, and nothing at all") {
  open(2);
  orders.cut({slot(0), slot(0)});
  orders.cut({});
  for (int i = 0; i < 50; ++i) {
    orders.step();
    heap.turn();
  }
  CHECK(load(0) == Load(0, 1));
  CHECK(load(1) == Load(1, 0));
}

}  // namespace
}  // namespace control
