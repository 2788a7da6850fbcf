// The control sockets over real ones, with clients of every kind.
#include <vector>

#include "test/control/socket_bench.h"

namespace control {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the bench that all of this is about

TEST_CASE("socket: a line in, the reply until end of file, by level of the socket") {
  const ControlServer server;
  CHECK(server.admin().ask("hello\n") == "hello admin\n");
  CHECK(server.reader().ask("hello\n") == "hello reader\n");
}

TEST_CASE("socket: the end of sending ends the line too") {
  const ControlServer server;
  const StreamClient client = server.admin();
  client.send("hello");
  client.end_sending();
  CHECK(client.receive_all() == "hello admin\n");
}

TEST_CASE("socket: a document goes on until the client ends it") {
  const ControlServer server;
  const StreamClient client = server.admin();
  client.send("measure -\nabc\n");
  client.send(std::string(1 << 20, 'd'));
  client.end_sending();
  CHECK(client.receive_all() == std::to_string(4 + (1 << 20)) + "\n");
}

TEST_CASE("socket: the end of sending ends line and document, however late both come") {
  ControlServer server;
  const bool at_once = GENERATE(true, false);
  const StreamClient empty = server.admin();
  if (!at_once) CHECK(server.admin().ask("hello\n") == "hello admin\n");  // accepted after it
  server.behind_its_back([&] {
    empty.send("measure -");
    empty.end_sending();
  });
  CHECK(empty.receive_all() == "0\n");
}

TEST_CASE("socket: a read socket does not wait for a document that it will not take") {
  const ControlServer server;
  CHECK(server.reader().ask("measure -\n") ==
        "error: measure: this socket may only look; use one with level admin\n");
}

TEST_CASE("socket: limits of line and document") {
  const ControlServer server({.line_bytes = 1000, .document_bytes = 2000});
  CHECK(server.admin().ask(std::string(1001, 'x')) ==
        "error: the command line is longer than 1000 bytes\n");
  CHECK(server.admin().ask(std::string(1001, 'x') + "\n") ==
        "error: the command line is longer than 1000 bytes\n");
  CHECK(server.admin().ask("measure -\n" + std::string(2001, 'x')) ==
        "error: the document is larger than 2000 bytes\n");
  CHECK(server.admin().ask("hello" + std::string(900, ' ') + "\n") == "hello admin\n");
}

TEST_CASE("socket: control bytes earn an error") {
  const ControlServer server;
  CHECK(server.admin().ask(std::string_view("hel\0lo\n", 7)) ==
        "error: byte 4 of the command line is the control byte 0x00\n");
}

TEST_CASE("socket: what a client sends too much does not cost it the reply") {
  const ControlServer server;
  const StreamClient client = server.admin();
  client.send("hello\n" + std::string(1 << 20, 'y'));
  client.end_sending();
  CHECK(client.receive_all() == "hello admin\n");
}

TEST_CASE("socket: a huge reply arrives whole, also at a slow reader") {
  const ControlServer server;
  const StreamClient client = server.admin();
  client.send("huge\n");
  REQUIRE(client.gets_waiting(64 << 10));  // all that the socket holds, so the server waits
  CHECK(client.receive_all() == std::string(kHuge, 'x'));
}

TEST_CASE("socket: replies that nobody reads have their limit, on each socket its own") {
  const ControlServer server(SocketLimits{.unread_bytes = 3 * kHuge / 2});
  StreamClient first = server.reader();
  StreamClient second = server.reader();
  for (StreamClient* one : {&first, &second}) {
    one->send("huge\n");
    one->receive(1);
  }
  const std::string refused = server.reader().ask("hello\n");
  CHECK_THAT(refused, Catch::StartsWith("error: ") && Catch::Contains("MB of replies wait"));
  CHECK(server.admin().ask("hello\n") == "hello admin\n");
  CHECK(first.receive_all().size() == kHuge - 1);
  CHECK(server.reader().ask("hello\n") == "hello reader\n");
  CHECK(second.receive_all().size() == kHuge - 1);
}

TEST_CASE("socket: clients that go away harm nobody") {
  const ControlServer server;
  for (int i = 0; i < 20; ++i) {
    const StreamClient client = server.admin();
    client.send("huge\n");
    if (i % 2 == 0) CHECK(client.receive(1) == "x");
  }
  { const StreamClient silent = server.admin(); }
  CHECK(server.admin().ask("hello\n") == "hello admin\n");
}

TEST_CASE("socket: a line may come slowly, but not too slowly") {
  const ControlServer server({.idle = 300ms});
  const StreamClient slow = server.admin();
  for (const char c : std::string_view("hello\n")) {
    slow.send(std::string_view(&c, 1));
    std::this_thread::sleep_for(10ms);
  }
  CHECK(slow.receive_all() == "hello admin\n");
  const StreamClient silent = server.admin();
  CHECK(silent.receive_all() == "error: no command line came for 0.3 s\n");
  const StreamClient stuck = server.admin();
  stuck.send("measure -\nabc");
  CHECK(stuck.receive_all() == "error: the document stopped for 0.3 s\n");
}

TEST_CASE("socket: a client that never closes is closed") {
  const ControlServer server({.linger = 100ms});
  const StreamClient client = server.admin();
  CHECK(client.ask("hello\n") == "hello admin\n");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (client.send("x") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK_FALSE(client.send("x"));
}

TEST_CASE("socket: two hundred clients at once") {
  const ControlServer server;
  std::vector<StreamClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(i % 2 == 0 ? server.admin() : server.reader());
  for (const StreamClient& client : clients) REQUIRE(client.send("hello\n"));
  size_t admins = 0, readers = 0;
  for (const StreamClient& client : clients) {
    const std::string reply = client.receive_all();
    admins += reply == "hello admin\n";
    readers += reply == "hello reader\n";
  }
  CHECK(admins == 100);
  CHECK(readers == 100);
}

TEST_CASE("socket: too many clients are told so, and a place that gets free is used") {
  const ControlServer server({.clients = 3});
  {
    std::vector<StreamClient> held;
    for (int i = 0; i < 3; ++i) held.push_back(server.admin());
    const StreamClient extra = server.admin();
    CHECK(extra.receive_all() == "error: too many clients at once; try again later\n");
  }
  std::string reply;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (reply != "hello admin\n" && std::chrono::steady_clock::now() < deadline) {
    reply = server.admin().ask("hello\n");
  }
  CHECK(reply == "hello admin\n");
}

TEST_CASE("socket: the client that has been silent for the longest gives up its place") {
  const ControlServer server({.clients = 3, .silence = 0ms});
  const StreamClient reading = server.admin();
  reading.send("huge\n");
  CHECK(reading.receive(1) == "x");
  const StreamClient first = server.admin();
  const StreamClient second = server.admin();
  CHECK(server.admin().ask("hello\n") == "hello admin\n");
  CHECK(first.receive_all() == "");
  CHECK(second.ask("hello\n") == "hello admin\n");
}

TEST_CASE("socket: a reply that lbd gave up half-way does not end as if it were whole") {
  ControlServer server({.idle = 100ms});
  const StreamClient stuck = server.admin();
  stuck.send("huge\n");
  CHECK(stuck.receive(1) == "x");
  REQUIRE(server.empties());
  const std::string part = stuck.receive_all();
  CHECK(part.size() < kHuge);
  CHECK(part.ends_with("<reset>"));
}

TEST_CASE("socket: readers that hold all their places do not lock out an administrator") {
  const ControlServer server({.clients = 2});
  std::vector<StreamClient> held;
  for (int i = 0; i < 40; ++i) held.push_back(server.reader());
  CHECK(server.reader().ask("hello\n") != "hello reader\n");
  CHECK(server.admin().ask("hello\n") == "hello admin\n");
}

TEST_CASE("socket: what a client that went away had begun is not carried out") {
  ControlServer server;
  measured = 0;
  {
    const StreamClient killed = server.admin();
    killed.send("measure -\nhalf a doc");
    const StreamClient also = server.admin();
    also.send("measure -\n");
    const StreamClient in_its_line = server.admin();
    in_its_line.send("measure - and mo");
  }
  REQUIRE(server.empties());
  CHECK(measured == 0);
  const StreamClient whole = server.admin();
  whole.send("measure -\nwhole");
  whole.end_sending();
  CHECK(whole.receive_all() == "5\n");
  CHECK(measured == 1);
}

TEST_CASE("socket: nothing is looked up for clients that have gone, and their changes are made") {
  ControlServer server;
  greeted = changed = 0;
  server.behind_its_back([&] {
    for (int i = 0; i < 50; ++i) {
      server.reader().send("hello\n");
      server.reader().send("change\n");
      server.admin().send("hello\n");
      server.admin().send("change\n");
    }
  });
  REQUIRE(server.empties());  // says hello itself
  CHECK(greeted == 1);
  CHECK(changed == 50);
}

}  // namespace
}  // namespace control
