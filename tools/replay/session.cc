#include "tools/replay/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "control/human.h"

namespace replay {
namespace {

// The option's part that names an interface, as its position in the configuration.
std::expected<size_t, Failure> find_interface(const conf::Config& config, const char* option,
                                              const std::string& name) {
  const auto found = std::ranges::find(config.interfaces, name, &conf::Interface::name);
  if (found != config.interfaces.end()) {
    return static_cast<size_t>(found - config.interfaces.begin());
  }
  std::string known;
  for (const conf::Interface& interface : config.interfaces) {
    known += (known.empty() ? "" : ", ") + interface.name;
  }
  return std::unexpected(
      Failure{true, fmt::format("--{}: no interface \"{}\"; interfaces: {}", option, name, known)});
}

// What the options say, by positions of interfaces.
struct Plan {
  std::vector<Input> in;
  std::map<size_t, std::string> out;
  std::map<size_t, lb::MacAddress> macs;
};

std::expected<Plan, Failure> make_plan(conf::Config& config, const Options& options) {
  Plan plan;
  for (const Options::File& file : options.in) {
    const auto interface = find_interface(config, "in", file.interface);
    if (!interface) return std::unexpected(interface.error());
    plan.in.push_back({*interface, file.path});
  }
  for (const Options::File& file : options.out) {
    const auto interface = find_interface(config, "out", file.interface);
    if (!interface) return std::unexpected(interface.error());
    if (!plan.out.emplace(*interface, file.path).second) {
      return std::unexpected(
          Failure{true, "--out: interface \"" + file.interface + "\" is given twice"});
    }
  }
  for (const Options::Mac& mac : options.macs) {
    const auto interface = find_interface(config, "mac", mac.interface);
    if (!interface) return std::unexpected(interface.error());
    plan.macs[*interface] = mac.mac;
  }
  for (const Options::Neighbour& neighbour : options.neighbours) {
    const auto interface = find_interface(config, "neighbour", neighbour.interface);
    if (!interface) return std::unexpected(interface.error());
    config.interfaces[*interface].neighbours.push_back({neighbour.address, neighbour.mac});
  }
  return plan;
}

class Outputs {
 public:
  std::expected<void, std::string> create(const std::map<size_t, std::string>& paths) {
    for (const auto& [interface, path] : paths) {
      auto writer = CaptureWriter::create(path);
      if (!writer) return std::unexpected(writer.error());
      writers_.emplace(interface, std::move(*writer));
    }
    return {};
  }
  void write(std::vector<SentFrame> frames) {
    for (const SentFrame& sent : frames) {
      const auto writer = writers_.find(sent.interface);
      if (writer != writers_.end()) writer->second.write(sent.time, sent.frame);
    }
  }
  std::expected<void, std::string> finish() {
    for (auto& [interface, writer] : writers_) {
      if (auto finished = writer.finish(); !finished) return finished;
    }
    return {};
  }

 private:
  std::map<size_t, CaptureWriter> writers_;
};

// Each tick between two frames is lived through.
constexpr Time kMostDaysBetween = 100;

std::optional<std::string> why_too_late(const Run& run, const MergedFrame& frame, Time before) {
  constexpr Time kDay = 86'400 * kNanosecondsPerSecond;
  const Time days = (frame.time - before) / kDay;
  if (days < kMostDaysBetween) return std::nullopt;
  const auto told = [](Time time) { return control::human_time(time / kNanosecondsPerSecond); };
  return fmt::format(
      "interface {}: a frame of {} comes {} days after the one before, of {}; frames may be up to "
      "{} "
      "days apart",
      run.config().interfaces[frame.interface].name, told(frame.time), days, told(before),
      kMostDaysBetween);
}

bool is_from(const MergedFrame& frame, const lb::MacAddress& mac) {
  constexpr size_t kSource = 6;  // where it stands in a frame
  return frame.bytes.size() >= kSource + mac.bytes.size() &&
         std::equal(mac.bytes.begin(), mac.bytes.end(), frame.bytes.begin() + kSource);
}

std::expected<void, std::string> feed(Run& run, Merge& merge, Outputs& outputs, Say say,
                                      const Options& options) {
  const auto pass_on = [&] {
    for (const std::string& line : run.take_events()) say(line);
    outputs.write(run.take_sent());
  };
  std::vector<uint64_t> own(run.config().interfaces.size());
  std::optional<Time> last;
  while (const auto frame = merge.next()) {
    const Time before = last.value_or(frame->time);
    last = std::max(before, frame->time);
    if (auto why = why_too_late(run, *frame, std::min(before, frame->time))) {
      return std::unexpected(*why);
    }
    if (is_from(*frame, run.link(frame->interface).mac)) {
      ++own[frame->interface];
      run.pass_until(frame->time);
    } else {
      run.receive(frame->interface, frame->time, frame->bytes);
    }
    pass_on();
  }
  // A second at a time, so that a long tail's output does not pile up.
  for (uint32_t second = 1; second <= options.tail_seconds; ++second) {
    run.pass_until(last.value_or(0) + second * kNanosecondsPerSecond);
    pass_on();
  }
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i] == 0) continue;
    say(fmt::format("interface {}: {} frames that a director had sent were left out",
                    run.config().interfaces[i].name, own[i]));
  }
  for (const std::string& line : merge.complaints()) say(line);
  return outputs.finish();
}

}  // namespace

std::expected<std::unique_ptr<Run>, Failure> play(conf::Config config, const Options& options,
                                                  Say say) {
  const auto failed = [](std::string text) {
    return std::unexpected(Failure{false, std::move(text)});
  };
  const auto plan = make_plan(config, options);
  if (!plan) return std::unexpected(plan.error());
  auto macs = find_macs(config, plan->macs, plan->in, say);
  if (!macs) return failed(macs.error());
  auto merge = Merge::open(plan->in);
  if (!merge) return failed(merge.error());
  Outputs outputs;
  if (auto created = outputs.create(plan->out); !created) return failed(created.error());
  auto run =
      std::make_unique<Run>(RunSetup{std::move(config), std::move(*macs), options.answer_arp});
  if (auto fed = feed(*run, *merge, outputs, say, options); !fed) return failed(fed.error());
  if (const auto faults = merge->faults(); !faults.empty()) {
    return std::unexpected(
        Failure{false, fmt::format("{}", fmt::join(faults, "; ")), std::move(run)});
  }
  return run;
}

}  // namespace replay
