// HTTP for Prometheus: GET and HEAD of /metrics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "control/openmetrics.h"
#include "lb/address.h"

namespace boost::asio {
class io_context;
}

namespace control {

// The text of all metrics, in the format that the client takes.
using RenderMetrics = std::function<std::string(MetricsFormat)>;

struct HttpLimits {
  size_t clients = 64;  // at once; the oldest makes room for one more
  size_t header_bytes = 8 << 10;
  size_t body_bytes = 64 << 10;            // of requests that have one; it is ignored
  std::chrono::milliseconds idle{30'000};  // for a request to come and for a reply to be taken
};

// All of it runs in the io_context's thread.
class MetricsServer {
 public:
  // `render` is called once per request until the server is destroyed. Port 0 takes any free port.
  // Errors: one line, the address and what the system said.
  static std::expected<MetricsServer, std::string> start(boost::asio::io_context& io,
                                                         const lb::Endpoint& address,
                                                         RenderMetrics render,
                                                         HttpLimits limits = {});

  MetricsServer(MetricsServer&&) noexcept;
  MetricsServer& operator=(MetricsServer&&) noexcept;
  ~MetricsServer();  // closes all connections

  uint16_t port() const;

 private:
  class Impl;
  explicit MetricsServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with handlers that are still queued
};

}  // namespace control
