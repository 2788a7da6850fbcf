// The table of clients that hold to servers: one thread's view of it, and what several agree on.
#include "lb/persistence.h"

#include <barrier>
#include <catch2/catch.hpp>
#include <map>
#include <thread>
#include <vector>

#include "test/lb/support.h"

using lb::Persistence;
using lb::Tick;
using lb_test::kKey;

namespace {

constexpr std::optional<uint32_t> kNone;

class Table {
 public:
  explicit Table(uint32_t clients)
      : memory_(Persistence::bytes_for(clients)), table_(memory_.span(), kKey) {}
  Persistence* operator->() { return &table_; }
  std::map<uint64_t, uint32_t> all() {
    std::map<uint64_t, uint32_t> result;
    table_.visit([&](const Persistence::Hold& hold) {
      CHECK(result.emplace(hold.client, hold.server).second);
    });
    return result;
  }

 private:
  lb_test::Memory memory_;
  Persistence table_;
};

}  // namespace

TEST_CASE("a client holds to its first server until its time is over") {
  Table table(100);
  CHECK(table->find(7, 0) == kNone);
  CHECK(table->agree(7, 3, kNone, 10, 20) == 3);
  CHECK(table->find(7, 10) == 3);
  CHECK(table->find(7, 19) == 3);
  CHECK(table->find(7, 20) == kNone);
  CHECK(table->find(8, 10) == kNone);
  CHECK(table->agree(7, 4, kNone, 19, 30) == 3);  // and goes on to until 30
  CHECK(table->find(7, 29) == 3);
  CHECK(table->agree(7, 4, kNone, 30, 40) == 4);
  CHECK(table.all() == std::map<uint64_t, uint32_t>{{7, 4}});
}

TEST_CASE("a renewed hold ends later, never earlier, and one that has ended stays so") {
  Table table(100);
  CHECK_FALSE(table->renew(7, 3, 0, 10));
  table->agree(7, 3, kNone, 0, 20);
  CHECK(table->renew(7, 3, 5, 15));
  CHECK(table->find(7, 19) == 3);
  CHECK(table->renew(7, 3, 5, 25));
  CHECK(table->find(7, 24) == 3);
  CHECK_FALSE(table->renew(7, 4, 5, 90));
  CHECK_FALSE(table->renew(7, 3, 25, 90));
}

TEST_CASE("an unfit server is replaced by the first that is offered instead") {
  Table table(100);
  table->agree(7, 3, kNone, 0, 20);
  CHECK(table->agree(7, 4, 3, 1, 20) == 4);
  CHECK(table->agree(7, 5, 3, 1, 20) == 4);
  CHECK(table.all().size() == 1);
}

TEST_CASE("a connection prolongs the hold to its own server only") {
  Table table(100);
  table->prolong(7, 3, 100, true);
  CHECK(table.all().empty());
  table->agree(7, 3, kNone, 0, 20);
  table->prolong(7, 4, 100, true);
  CHECK(table->find(7, 20) == kNone);
  table->prolong(7, 3, 10, false);
  CHECK(table->find(7, 19) == 3);
  table->prolong(7, 3, 100, true);
  CHECK(table->find(7, 99) == 3);
  table->renew(7, 3, 0, 200);
  table->visit([](const Persistence::Hold& hold) {
    CHECK(hold.assured);
    CHECK(hold.ends == 200);
  });
}

TEST_CASE("a table holds as many clients as it was made for, and nearly never displaces one") {
  constexpr uint32_t kClients = 10000;
  Table table(kClients);
  CHECK(table->capacity() >= 2 * kClients);
  for (uint32_t client = 1; client <= kClients; ++client) {
    CHECK(table->agree(client, client % 64, kNone, 0, 20) == client % 64);
  }
  const uint64_t displaced = table->displaced();
  CHECK(displaced < kClients / 50);
  uint64_t lost = 0;
  for (uint32_t client = 1; client <= kClients; ++client) {
    const auto held = table->find(client, 0);
    if (held) CHECK(held == client % 64);
    lost += !held;
  }
  CHECK(lost == displaced);
}

TEST_CASE("in a full bucket the client whose time is over first makes room") {
  Table table(1);
  for (uint64_t client = 1; client <= 4; ++client) {
    table->agree(client, 1, kNone, 0, client == 3 ? 10 : 20);
  }
  CHECK(table->displaced() == 0);
  table->agree(5, 1, kNone, 0, 20);
  CHECK(table->displaced() == 1);
  CHECK(table->find(3, 0) == kNone);
  // What has ended is no loss.
  table->agree(6, 1, kNone, 30, 40);
  CHECK(table->displaced() == 1);
}

TEST_CASE("a client of a service is one number, told apart by service and masked address") {
  using lb::V4;
  const lb::Ipv4Address one{lb::Be32(0x0a010011)}, other{lb::Be32(0x0a01001f)};
  const lb::Ipv4Address all{lb::Be32(0xffffffff)}, mask{lb::Be32(0xfffffff0)}, none{lb::Be32(0)};
  CHECK(V4::client_key(0, one, all) != V4::client_key(0, other, all));
  CHECK(V4::client_key(0, one, mask) == V4::client_key(0, other, mask));
  CHECK(V4::client_key(0, one, mask) != V4::client_key(1, one, mask));
  CHECK(V4::client_key(0, one, none) != 0);
  CHECK(V4::service_of_key(V4::client_key(9, one, mask)) == 9);
  CHECK(V4::client_of_key(V4::client_key(9, one, mask)) == lb::Ipv4Address{lb::Be32(0x0a010010)});
}

// Each round all threads see the same new clients at the same time, in an order of their own, while
// the clients of the round before have gone: of the four entries that there are, some are taken
// anew all the time.
TEST_CASE("threads that see a new client at the same time agree on its server") {
  constexpr uint32_t kThreads = 3, kRounds = 3000;
  // A proposal of each thread and what has been settled must have room together.
  const uint32_t clients = GENERATE(1u, 2u);
  Table table(1);
  std::vector<std::vector<uint32_t>> ruling(kThreads, std::vector<uint32_t>(clients));
  uint32_t differences = 0;
  std::barrier round(kThreads, [&]() noexcept {
    for (uint32_t thread = 1; thread < kThreads; ++thread) {
      differences += ruling[thread] != ruling[0];
    }
  });
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint32_t number = 0; number < kRounds; ++number) {
        const Tick now = number * 10;
        for (uint32_t i = 0; i < clients; ++i) {
          const uint32_t client = (thread + i) % clients;
          ruling[thread][client] = table->agree(1 + number * uint64_t{clients} + client, thread,
                                                kNone, now, now + 10 - (client + thread) % 3);
        }
        round.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(differences == 0);
  CHECK(table->displaced() == 0);
  CHECK(table.all().size() <= 4);
}
