// Metric families as plain values, and their renderings.
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

// OpenMetrics 1.0 text, ended by "# EOF"; and the older text of Prometheus (version 0.0.4), for
// those who know no other: its types are counter and gauge alone.
enum class MetricsFormat : uint8_t { kOpenMetrics, kPrometheus };

// What HTTP calls it.
std::string_view content_type(MetricsFormat format);

std::string metrics_text(std::span<const MetricFamily> families, MetricsFormat format);
inline std::string openmetrics_text(std::span<const MetricFamily> families) {
  return metrics_text(families, MetricsFormat::kOpenMetrics);
}

// {"families": [{"name", "type", "unit", "help", "samples": [{"labels": {…}, "value"}]}]}
std::string metrics_json(std::span<const MetricFamily> families);

}  // namespace control
