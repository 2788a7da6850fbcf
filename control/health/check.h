// The contract of health checks. A type is a file pair with its options and its make function, and
// a line in table.cc. All of it runs on the control thread, and nothing there may block: a probe is
// started, and its result comes later.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lb/address.h"

namespace boost::asio {
class io_context;
}

namespace control::health {

struct Result {
  bool passed = false;
  // One line: what was wrong ("connect: refused", "status 503, expected 200-299"), or what was seen
  // ("status 200").
  std::string reason;
  // lbd could not ask, for want of descriptors or memory: that says nothing about the server.
  bool undecided = false;
};

using Done = std::function<void(Result)>;

// A question under way. Destroying it ends it; then nobody is told.
class Probe {
 public:
  Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  virtual ~Probe() = default;
};

// One type with one set of options, for any number of targets at once. Outlives its probes.
class Check {
 public:
  virtual ~Check() = default;
  // Asks `target`, whose port is 0 where the service has every port and the file names none. `done`
  // is called once, not from within start(), and at the latest `timeout` later, or twice that where
  // the loop is held up so long; it may destroy the probe.
  virtual std::unique_ptr<Probe> start(const lb::Endpoint& target,
                                       std::chrono::milliseconds timeout, Done done) = 0;
};

}  // namespace control::health
