// What workers have noticed, as lines of the log: each thing once, however many workers notice it,
// and however often somebody on the wire makes them.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "conf/config.h"
#include "control/log.h"
#include "dataplane/messages.h"

namespace control {

// An event in words.
std::string event_text(const dataplane::Event& event, const conf::Config& config);

class EventLog {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Emit = std::function<void(log::Level, const std::string& line)>;

  explicit EventLog(Emit emit) : emit_(std::move(emit)) {}

  void take(const dataplane::Event& event, const conf::Config& config, Time now);
  // To be called now and then. `unreported`: how many events workers had too many of to tell, in
  // all.
  void step(uint64_t unreported, Time now);

 private:
  // Of one kind about one address so many are told in a while, and at its end how many more there
  // were. The same words within a few seconds are other workers'.
  static constexpr std::chrono::seconds kWhile{60};
  static constexpr std::chrono::seconds kSame{5};
  static constexpr unsigned kTold = 5;
  static constexpr size_t kMost = 1000;  // addresses
  using What = std::tuple<dataplane::Event::Kind, dataplane::LinkNumber, uint32_t>;
  struct Told {
    Time since;
    unsigned lines = 0;
    uint64_t more = 0;
    std::string last;
    Time last_came;
  };

  Emit emit_;
  std::map<What, Told> told_;
  uint64_t untold_ = 0;  // of more addresses
  uint64_t unreported_ = 0;
  Time next_sum_{};
};

}  // namespace control
