// The HTTP side of metrics over a real TCP connection.
#include "control/metrics_server.h"

#include <utility>  // before Asio

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "test/control/stream_client.h"

namespace control {
namespace {

using test::StreamClient;
using namespace std::chrono_literals;

lb::Endpoint loopback(uint16_t port) { return {*lb::IpAddress::parse("127.0.0.1"), port}; }

class Server {
 public:
  explicit Server(HttpLimits limits = {}) {
    auto started = MetricsServer::start(
        io_, loopback(0),
        [](MetricsFormat format) {
          return std::string(format == MetricsFormat::kOpenMetrics ? "a 1\n# EOF\n" : "a 1\n");
        },
        limits);
    REQUIRE(started.has_value());
    server_.emplace(std::move(*started));
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Server() {
    io_.stop();
    thread_.join();
  }

  StreamClient client() const { return StreamClient(server_->port()); }
  uint16_t port() const { return server_->port(); }

 private:
  boost::asio::io_context io_;
  std::optional<MetricsServer> server_;
  std::thread thread_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("http: who does not take OpenMetrics gets the older text") {
  const Server server;
  const auto type_for = [&](const std::string& accept) {
    const std::string reply = server.client().ask(
        "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: " + accept + "\r\nConnection: close\r\n\r\n");
    CHECK(contains(reply, "Vary: Accept\r\n"));
    const bool open = contains(reply, "Content-Type: application/openmetrics-text; version=1.0.0");
    CHECK(open == reply.ends_with("# EOF\n"));
    CHECK(open != contains(reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    return open ? "open" : "old";
  };
  CHECK(type_for("text/plain") == std::string("old"));
  CHECK(type_for("text/plain;version=0.0.4;q=1") == std::string("old"));
  CHECK(type_for("*/*") == std::string("open"));
  CHECK(type_for("text/html, */*;q=0.8") == std::string("open"));
  CHECK(type_for("Application/OpenMetrics-Text; version=1.0.0,text/plain;version=0.0.4;q=0.5") ==
        std::string("open"));
  CHECK(type_for("application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5,*/*;q=0.1") ==
        std::string("old"));
  CHECK(type_for("application/openmetrics-text; version=0.0.1; q=0.2, "
                 "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3") ==
        std::string("open"));
  CHECK(type_for("*/*, application/openmetrics-text;q=0") == std::string("old"));
  CHECK(type_for("*/*;q=0.5, application/*;q=0.1, text/plain ;q=0.4") == std::string("old"));
  CHECK(type_for("application/*,text/plain;q=0.9") == std::string("open"));
  CHECK(type_for("application/openmetrics-text;q=high, text/plain;q=0.1") == std::string("old"));
  CHECK(type_for(",;,/") == std::string("old"));
}

TEST_CASE("http: GET /metrics answers OpenMetrics text") {
  const Server server;
  const std::string reply =
      server.client().ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(reply,
                 "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  CHECK(contains(reply, "Content-Length: 10\r\n"));
  CHECK(reply.ends_with("\r\n\r\na 1\n# EOF\n"));
}

TEST_CASE("http: HEAD has the length but no body, a query string is ignored") {
  const Server server;
  const std::string reply =
      server.client().ask("HEAD /metrics?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(reply, "Content-Length: 10\r\n"));
  CHECK(reply.ends_with("\r\n\r\n"));
}

TEST_CASE("http: other paths, other methods, other protocols") {
  const Server server;
  CHECK(server.client()
            .ask("GET http://x:9105/metrics?all HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(server.client()
            .ask("GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(server.client()
            .ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 404 Not Found\r\n"));
  const std::string post = server.client().ask(
      "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(post.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(contains(post, "Allow: GET, HEAD\r\n"));
  CHECK(server.client().ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(server.client().ask("GET /metrics HTTP/1.0\r\n\r\n").ends_with("# EOF\n"));
}

TEST_CASE("http: a connection is kept for the next request, pipelined ones included") {
  const Server server;
  const std::string reply = server.client().ask(
      "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const size_t first = reply.find("# EOF");
  REQUIRE(first != std::string::npos);
  CHECK(reply.find("# EOF", first + 1) != std::string::npos);
}

TEST_CASE("http: limits of header, body and time") {
  const Server server({.clients = 2, .header_bytes = 1024, .body_bytes = 1024, .idle = 200ms});
  CHECK(server.client()
            .ask("GET /metrics HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n")
            .starts_with("HTTP/1.1 400 "));
  CHECK(server.client()
            .ask("POST /metrics HTTP/1.1\r\nContent-Length: 5000\r\n\r\n")
            .starts_with("HTTP/1.1 400 "));
  CHECK(server.client().receive_all().empty());  // silent for too long
}

TEST_CASE("http: silent clients do not lock out one that asks") {
  const Server server({.clients = 2, .idle = 60s});
  const StreamClient one = server.client(), two = server.client(), three = server.client();
  CHECK(one.receive_all().empty());  // had to make room, long before its time
  CHECK(server.client()
            .ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 200 "));
  CHECK(two.receive_all().empty());
}

TEST_CASE("http: an address that is taken is an error in one line") {
  const Server server;
  boost::asio::io_context io;
  const auto second = MetricsServer::start(io, loopback(server.port()),
                                           [](MetricsFormat) { return std::string(); });
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error() == "metrics: cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                              ": Address already in use");
}

}  // namespace
}  // namespace control
