#include "control/human.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "conf/text.h"

namespace control {

std::string human_number(double value) {
  if (value < 99999.5) return fmt::format("{}", std::llround(value));
  constexpr std::array kUnits{'k', 'M', 'G', 'T', 'P'};
  size_t unit = 0;
  value /= 1000;
  while (value >= 9999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return value < 99.995 ? fmt::format("{:.2f}{}", value, kUnits[unit])
                        : fmt::format("{}{}", std::llround(value), kUnits[unit]);
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

std::string human_duration(double seconds) {
  const auto total = static_cast<uint64_t>(std::max(0.0, seconds));
  const uint64_t s = total % 60, m = total / 60 % 60, h = total / 3600 % 24, d = total / 86400;
  if (d > 0) return fmt::format("{}d {}h {}m", d, h, m);
  if (h > 0) return fmt::format("{}h {}m {}s", h, m, s);
  if (m > 0) return fmt::format("{}m {}s", m, s);
  return fmt::format("{}s", s);
}

std::string human_time(int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc);
}

std::string printable(std::string_view text) {
  return conf::with_controls(text, [](const conf::Character& control) {
    std::string out;
    for (const unsigned char byte : control.bytes) out += fmt::format("\\x{:02x}", byte);
    return out;
  });
}

}  // namespace control
