// The control sockets over real ones, with clients of every kind.
#include "control/socket_server.h"

#include <utility>  // before Asio

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "test/control/fake_changes.h"
#include "test/control/stream_client.h"
#include "test/temp_dir.h"

namespace control {
namespace {

using test::StreamClient;
using namespace std::chrono_literals;

constexpr size_t kHuge = 20 << 20;

std::atomic<int> greeted = 0, changed = 0;  // how often
Reply hello(Facts&, const Call& call) {
  ++greeted;
  return call.level == Level::kAdmin ? "hello admin\n" : "hello reader\n";
}
Reply huge(Facts&, const Call&) { return std::string(kHuge, 'x'); }
std::atomic<int> measured = 0;  // how often
Reply measure(Facts&, const Call& call) {
  ++measured;
  return std::to_string(call.document.size()) + "\n";
}
Reply change(Facts&, const Call&) {
  ++changed;
  return "done\n";
}
bool always(std::span<const std::string_view>) { return true; }

constexpr std::array kSocketTable{
    Command{.words = "hello", .grammar = "", .help = "", .run = hello},
    Command{.words = "huge", .grammar = "", .help = "", .run = huge},
    Command{.words = "change", .grammar = "", .help = "", .level = Level::kAdmin, .run = change},
    Command{.words = "measure",
            .grammar = "-",
            .help = "",
            .level = Level::kAdmin,
            .wants_document = always,
            .run = measure},
};

// A server with an admin socket "a" and a read socket "r", run by a thread of its own.
class ControlServer {
 public:
  explicit ControlServer(SocketLimits limits = {}) {
    const std::array sockets{SocketOptions{dir_ / "a", Level::kAdmin, 0600},
                             SocketOptions{dir_ / "r", Level::kRead, 0666}};
    auto started = SocketServer::start(io_, sockets, interpreter_, limits);
    REQUIRE(started.has_value());
    server_.emplace(std::move(*started));
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ControlServer() { stop(); }

  // Ends the thread, then the server.
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  StreamClient admin() const { return StreamClient(dir_ / "a"); }
  StreamClient reader() const { return StreamClient(dir_ / "r"); }
  // Waits until all clients so far have been seen and are gone.
  bool empties() {
    admin().ask("hello\n");  // accepted after those before it
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    for (size_t open = 1; open > 0;) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::promise<size_t> count;
      boost::asio::post(io_, [&] { count.set_value(server_->clients()); });
      open = count.get_future().get();
    }
    return true;
  }
  // Does something while the server looks at nobody.
  void behind_its_back(const std::function<void()>& action) {
    struct Both {
      std::promise<void> busy, done;
    };
    const auto both = std::make_shared<Both>();  // either thread may be the last to leave it
    boost::asio::post(io_, [both] {
      both->busy.set_value();
      both->done.get_future().wait();
    });
    both->busy.get_future().wait();
    action();
    both->done.set_value();
  }
  // Returns when what is due earlier than that from now on has been done.
  void has_handled_timers_of(std::chrono::milliseconds time) {
    boost::asio::steady_timer timer(io_, time);
    std::promise<void> due;
    timer.async_wait([&](boost::system::error_code) { due.set_value(); });
    due.get_future().wait();
  }
  bool file_exists() const { return std::filesystem::exists(dir_ / "a"); }
  std::string path(const char* name) const { return dir_ / name; }
  // Whether that file comes, and has all that belongs to it.
  bool makes(const char* name) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!std::filesystem::exists(path(name))) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    behind_its_back([] {});
    return true;
  }

 private:
  shared_test::TempDir dir_;
  test::FakeFacts facts_;
  test::FakeChanges changes_;
  Interpreter interpreter_{kSocketTable, facts_, &changes_};
  boost::asio::io_context io_;
  std::optional<SocketServer> server_;
  std::thread thread_;
};

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

TEST_CASE("socket: the server's end closes clients and removes the files") {
  ControlServer server;
  const StreamClient silent = server.admin();
  const StreamClient reading = server.admin();
  reading.send("huge\n");
  CHECK(reading.receive(1) == "x");
  CHECK(server.file_exists());
  server.stop();
  CHECK_FALSE(server.file_exists());
  const std::string end_of_silent = silent.receive_all();
  CHECK((end_of_silent.empty() || end_of_silent == "<reset>"));
  const std::string part = reading.receive_all();
  CHECK(part.size() < kHuge);
  CHECK(part.ends_with("<reset>"));
}

TEST_CASE("socket: a file that is deleted or renamed is made again, and clients go on") {
  ControlServer server({.watch = 5ms});
  const StreamClient before = server.admin();
  before.send("hel");
  for (int i = 0; i < 3; ++i) {
    std::filesystem::remove(server.path("a"));
    REQUIRE(server.makes("a"));
    CHECK(server.admin().ask("hello\n") == "hello admin\n");
  }
  std::filesystem::rename(server.path("r"), server.path("old"));
  REQUIRE(server.makes("r"));
  CHECK(server.reader().ask("hello\n") == "hello reader\n");
  CHECK(before.ask("lo\n") == "hello admin\n");
  std::filesystem::remove(server.path("old"));
  server.stop();
  CHECK_FALSE(std::filesystem::exists(server.path("a")));
  CHECK_FALSE(std::filesystem::exists(server.path("r")));
}

TEST_CASE("socket: a file that cannot be made again is made once it can") {
  ControlServer server({.watch = 5ms});
  server.behind_its_back([&] {
    std::filesystem::remove(server.path("a"));
    std::filesystem::create_directory(server.path("a"));
  });
  server.has_handled_timers_of(10ms);
  CHECK(server.reader().ask("hello\n") == "hello reader\n");
  std::filesystem::remove(server.path("a"));
  REQUIRE(server.makes("a"));
  CHECK(server.admin().ask("hello\n") == "hello admin\n");
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

TEST_CASE("socket: when one socket fails none is left") {
  const shared_test::TempDir dir;
  test::FakeFacts facts;
  const Interpreter interpreter(kSocketTable, facts);
  boost::asio::io_context io;
  const std::array sockets{SocketOptions{dir / "good", Level::kRead, 0600},
                           SocketOptions{dir / "no/such/dir", Level::kRead, 0600}};
  const auto server = SocketServer::start(io, sockets, interpreter);
  REQUIRE_FALSE(server.has_value());
  CHECK(server.error().starts_with("socket " + dir / "no/such/dir"));
  CHECK_FALSE(std::filesystem::exists(dir / "good"));
}

TEST_CASE("socket: a second server on the same path is refused, a later one is not") {
  const shared_test::TempDir dir;
  test::FakeFacts facts;
  const Interpreter interpreter(kSocketTable, facts);
  boost::asio::io_context io;
  const std::array sockets{SocketOptions{dir / "s", Level::kRead, 0600}};
  {
    const auto first = SocketServer::start(io, sockets, interpreter);
    REQUIRE(first.has_value());
    const auto second = SocketServer::start(io, sockets, interpreter);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().find("is in use by a running lbd") != std::string::npos);
  }
  CHECK(SocketServer::start(io, sockets, interpreter).has_value());
}

}  // namespace
}  // namespace control
