// A monitor over checks that answer when they are told to, on a clock that stands still until it is
// told to go.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "control/health/monitor.h"

namespace control::test {

class FakeChecks {
 public:
  using Time = health::Monitor::Time;

  struct Asked {
    lb::Endpoint target;
    std::string type;
    Time when;
    health::Done done;  // gone once it has been answered or given up
  };

  health::Monitor& monitor() { return monitor_; }
  Time now() const { return now_; }
  const std::vector<std::unique_ptr<Asked>>& asked() const { return asked_; }

  // All that are open, of this target or of all.
  size_t answer(bool passed, const std::string& target = "") {
    size_t count = 0;
    for (size_t i = 0; i < asked_.size(); ++i) {
      Asked& one = *asked_[i];
      if (!one.done || (!target.empty() && one.target.to_string() != target)) continue;
      const health::Done done = std::exchange(one.done, nullptr);
      done({passed, passed ? "well" : "unwell"});
      ++count;
    }
    return count;
  }
  // In steps, as the loop would.
  void pass(std::chrono::milliseconds time) {
    const Time end = now_ + time;
    monitor_.run();
    while (monitor_.next() && *monitor_.next() <= end) {
      now_ = std::max(now_, *monitor_.next());
      monitor_.run();
    }
    now_ = end;
  }
  // Intervals in which all checks of a target, or all, end in that way.
  void rounds(unsigned count, bool passed, const std::string& target = "") {
    for (unsigned i = 0; i < count; ++i) {
      pass(std::chrono::seconds(2));
      answer(passed, target);
      if (!target.empty()) answer(true);
    }
  }

 private:
  struct FakeProbe final : health::Probe {
    explicit FakeProbe(Asked& asked) : asked(asked) {}
    ~FakeProbe() override { asked.done = nullptr; }
    Asked& asked;
  };
  struct FakeCheck final : health::Check {
    FakeCheck(FakeChecks& all, std::string type) : all(all), type(std::move(type)) {}
    std::unique_ptr<health::Probe> start(const lb::Endpoint& target, std::chrono::milliseconds,
                                         health::Done done) override {
      all.asked_.push_back(std::make_unique<Asked>(Asked{target, type, all.now_, std::move(done)}));
      return std::make_unique<FakeProbe>(*all.asked_.back());
    }
    FakeChecks& all;
    std::string type;
  };

  Time now_{std::chrono::hours(1)};
  std::vector<std::unique_ptr<Asked>> asked_;
  health::Monitor monitor_{
      [this](const conf::HealthCheck& check) {
        return std::make_unique<FakeCheck>(*this, check.type);
      },
      {[this] { return now_; }, [] { return std::chrono::system_clock::time_point(); }}};
};

}  // namespace control::test
