// The benchmark's command line.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace bench {

enum class Pages : uint8_t { kHugeIfFree, kHuge, kSmall };

struct Options {
  enum class Action : uint8_t { kRun, kList, kHelp };
  Action action = Action::kRun;
  std::vector<std::string> only;  // shell patterns; empty: every case
  std::vector<uint32_t> flows;    // ascending
  uint32_t rounds = 0;
  uint16_t burst = 0;
  unsigned cpu = 0;
  std::optional<unsigned> second_cpu;  // none: this process may use one only
  Pages pages = Pages::kHugeIfFree;
  bool latency = false;
  bool json = false;
};

// By its name, of a case.
bool is_wanted(const Options& options, const std::string& name);

// The error names the option at fault.
std::expected<Options, std::string> parse_options(int argc, char** argv);

std::string usage();

// "1000000" and "1k", "100k", "1M" alike; nullopt for anything else and for more than kMostFlows.
std::optional<uint32_t> parse_count(const std::string& text);
// The shortest of these.
std::string count_text(uint64_t count);

// Client ends that the benchmark can tell apart, see traffic.h.
inline constexpr uint32_t kMostFlows = 50'000'000;

}  // namespace bench
