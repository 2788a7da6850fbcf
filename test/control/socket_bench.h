// Control sockets with a table of commands of their own, served by a thread.
#pragma once

#include <utility>  // before Asio

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "control/socket_server.h"
#include "test/control/fake_changes.h"
#include "test/control/stream_client.h"
#include "test/temp_dir.h"

namespace control::test {

using namespace std::chrono_literals;

inline constexpr size_t kHuge = 20 << 20;

inline std::atomic<int> greeted = 0, changed = 0;  // how often
inline Reply hello(Facts&, const Call& call) {
  ++greeted;
  return call.level == Level::kAdmin ? "hello admin\n" : "hello reader\n";
}
inline Reply huge(Facts&, const Call&) { return std::string(kHuge, 'x'); }
inline std::atomic<int> measured = 0;  // how often
inline Reply measure(Facts&, const Call& call) {
  ++measured;
  return std::to_string(call.document.size()) + "\n";
}
inline Reply change(Facts&, const Call&) {
  ++changed;
  return "done\n";
}
inline bool always(std::span<const std::string_view>) { return true; }

inline constexpr std::array kSocketTable{
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

}  // namespace control::test
