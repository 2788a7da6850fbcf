// Checks as the file has them, asked on loopback.
#pragma once

#include <utility>  // before Asio

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "conf/load.h"
#include "control/health/table.h"

namespace control::test {

// A file with that check.
inline std::expected<conf::Config, std::vector<conf::Error>> file_of(const std::string& json) {
  const conf::Vocabulary vocabulary{
      {{"wlc", "weighted"}}, {{"nat", "rewrite"}}, health::described()};
  return conf::load(
      R"({"interfaces": [{"name": "a", "device": "a", "addresses": ["10.1.0.1/24"]}],
          "services": [{"protocol": "tcp", "address": "10.1.0.9:80", "health_check": )" +
          json + "}]}",
      vocabulary);
}

// Whatever the type's options say, with their defaults.
inline conf::HealthCheck check_of(const std::string& json) {
  const auto config = file_of(json);
  if (!config) FAIL(config.error()[0].to_string());
  return *config->services[0].health_check;
}

inline lb::Endpoint loopback(uint16_t port) { return {*lb::IpAddress::parse("127.0.0.1"), port}; }

// A check of that JSON.
class Asker {
 public:
  explicit Asker(const std::string& json) {
    const conf::HealthCheck config = check_of(json);
    check_ = health::find(config.type)->make(io_, config.options);
  }
  // `meanwhile`: what happens once the check has started, before the loop goes on.
  health::Result ask(uint16_t port, std::chrono::milliseconds timeout = std::chrono::seconds(5),
                     const std::function<void(boost::asio::io_context&)>& meanwhile = {}) {
    using namespace std::chrono_literals;
    using Clock = std::chrono::steady_clock;
    std::optional<health::Result> result;
    const auto probe = check_->start(loopback(port), timeout,
                                     [&](health::Result told) { result = std::move(told); });
    CHECK_FALSE(result);
    io_.restart();
    if (meanwhile) meanwhile(io_);
    const auto deadline = Clock::now() + 10s;
    while (!result && Clock::now() < deadline) io_.run_one_for(100ms);
    REQUIRE(result);
    return *result;
  }

 private:
  boost::asio::io_context io_;
  std::unique_ptr<health::Check> check_;
};

// The same, asked once.
inline health::Result run(const std::string& json, uint16_t port,
                          std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
  return Asker(json).ask(port, timeout);
}

}  // namespace control::test
