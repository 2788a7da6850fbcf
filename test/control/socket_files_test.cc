// The files of control sockets: made, taken away, made again, never taken from others.
#include "test/control/socket_bench.h"

namespace control {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the bench that all of this is about

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
