// Metric families as plain values, and their two renderings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace control {

struct MetricSample {
  std::vector<std::pair<std::string_view, std::string>> labels;
  // Counters of packets and bytes pass 2^53, which a double does not hold exactly.
  std::variant<uint64_t, double> value;
};

struct MetricFamily {
  enum class Type : uint8_t { kCounter, kGauge, kInfo, kStateSet };
  std::string_view name;  // without the suffix (_total, _info) that the type adds to samples
  Type type = Type::kGauge;
  std::string_view unit;  // empty, or the last part of the name, as OpenMetrics wants it
  std::string_view help;
  std::vector<MetricSample> samples;
};

// What HTTP calls openmetrics_text().
inline constexpr std::string_view kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// OpenMetrics 1.0 text, ended by "# EOF".
std::string openmetrics_text(std::span<const MetricFamily> families);

// {"families": [{"name", "type", "unit", "help", "samples": [{"labels": {…}, "value"}]}]}
std::string metrics_json(std::span<const MetricFamily> families);

}  // namespace control
