#include "test/vectors/play.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "test/vectors/frames.h"
#include "tools/replay/facts.h"

namespace vectors_test {
namespace {

constexpr const char* kNames[2] = {"client side", "rs side"};

// A line of ipvsadm -Lnc; `seconds` were left when it was printed, begun ones not counted.
struct Line {
  std::string text;  // protocol, state and ends
  double seconds = 0;
  auto operator<=>(const Line&) const = default;
};

Line read_line(const std::string& recorded) {
  std::istringstream stream(recorded);
  std::string protocol, left, state, client, virtual_end, server;
  stream >> protocol >> left >> state >> client >> virtual_end >> server;
  const int minutes = std::stoi(left);
  const int seconds = std::stoi(left.substr(left.find(':') + 1));
  return {fmt::format("{} {} {} {} {}", protocol, state, client, virtual_end, server),
          minutes * 60.0 + seconds};
}

std::vector<Line> connections_of(replay::Run& run) {
  replay::Facts facts(run, "");
  std::vector<Line> lines;
  control::ConnectionQuery all;
  all.limit.reset();
  all.client_holds = true;
  const auto page = facts.connections(all);
  for (const control::ConnectionFacts& c : page->connections) {
    const char* protocol = c.protocol == lb::Protocol::kTcp ? "TCP" : "UDP";
    lines.push_back({fmt::format("{} {} {} {} {}", protocol, c.state, c.client.to_string(),
                                 c.virtual_address.to_string(), c.server.to_string()),
                     c.expires_seconds});
  }
  std::ranges::sort(lines);
  return lines;
}

class Player {
 public:
  Player(const Recording& recording, const Case& recorded)
      : recording_(recording), run_(director_of(recording.commands, recorded)) {}

  std::vector<std::string> play() {
    for (step_ = 0; step_ < recording_.steps.size(); ++step_) {
      const Step& step = recording_.steps[step_];
      for (const Event& event : step.received) {
        run_.receive(event.side, now_ = event.time, event.frame);
      }
      if (!step.sent.empty()) run_.pass_until(now_ = std::max(now_, step.sent.back().time));
      compare_sent(step);
      if (step.connections) compare_connections(*step.connections);
    }
    return std::move(differences_);
  }

 private:
  void differ(const std::string& what) {
    differences_.push_back(fmt::format("step \"{}\": {}", recording_.steps[step_].name, what));
  }

  void compare_sent(const Step& step) {
    std::vector<replay::SentFrame> sent = run_.take_sent();
    // The recordings hold no ARP.
    std::erase_if(sent, [](const replay::SentFrame& frame) { return !is_ip(frame.frame); });
    for (size_t i = 0; i < std::max(sent.size(), step.sent.size()); ++i) {
      if (i >= sent.size()) {
        differ(fmt::format("lbd does not send frame {}, of the {}", i, kNames[step.sent[i].side]));
      } else if (i >= step.sent.size()) {
        differ(fmt::format("lbd sends one more by the {}: {}", kNames[sent[i].interface],
                           difference({}, sent[i].frame)));
      } else {
        compare(step.sent[i], sent[i]);
      }
    }
  }

  void compare(const Event& recorded, const replay::SentFrame& sent) {
    if (recorded.side != sent.interface) {
      differ(fmt::format("LVS sends by the {}, lbd by the {}", kNames[recorded.side],
                         kNames[sent.interface]));
      return;
    }
    const replay::Bytes by_lvs = without_numbers(recorded.frame);
    const replay::Bytes by_lbd = without_numbers(sent.frame);
    if (by_lvs != by_lbd) differ(difference(by_lvs, by_lbd));
  }

  // ipvsadm looked at some time between this step's last packet and the next packet; the time left
  // must be right for some moment of these. A tick is what lbd's clock may be off by.
  void compare_connections(const std::vector<std::string>& recorded) {
    std::vector<Line> expected;
    std::ranges::transform(recorded, std::back_inserter(expected), read_line);
    std::ranges::sort(expected);
    const std::vector<Line> found = connections_of(run_);
    if (!std::ranges::equal(expected, found, {}, &Line::text, &Line::text)) {
      differ(fmt::format("connections {}\n    instead of {}", texts(found), texts(expected)));
      return;
    }
    constexpr double kTick = 1.0 / lb::kTicksPerSecond;
    for (size_t i = 0; i < found.size(); ++i) {
      const double most = found[i].seconds + kTick;
      const double least = found[i].seconds - seconds_to_next() - kTick;
      if (expected[i].seconds > most || expected[i].seconds + 1 < least) {
        differ(fmt::format("{} has {} to {} s left instead of {}", found[i].text, least, most,
                           expected[i].seconds));
      }
    }
  }

  static std::string texts(const std::vector<Line>& lines) {
    std::string all;
    for (const Line& line : lines) all += "[" + line.text + "]";
    return all.empty() ? "none" : all;
  }

  // From now to the next recorded packet; after the last one, what a recording takes at most.
  double seconds_to_next() const {
    for (size_t i = step_ + 1; i < recording_.steps.size(); ++i) {
      const Step& step = recording_.steps[i];
      for (const auto* events : {&step.received, &step.sent}) {
        if (events->empty()) continue;
        return static_cast<double>(events->front().time - now_) / replay::kNanosecondsPerSecond;
      }
    }
    return 2;
  }

  const Recording& recording_;
  replay::Run run_;
  size_t step_ = 0;
  replay::Time now_ = 0;
  std::vector<std::string> differences_;
};

}  // namespace

std::vector<std::string> play(const Recording& recording, const Case& recorded) {
  return Player(recording, recorded).play();
}

}  // namespace vectors_test
