#include "control/openmetrics.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "control/json_text.h"

namespace control {
namespace {

std::string_view to_string(MetricFamily::Type type) {
  switch (type) {
    case MetricFamily::Type::kCounter:
      return "counter";
    case MetricFamily::Type::kGauge:
      return "gauge";
    case MetricFamily::Type::kInfo:
      return "info";
    case MetricFamily::Type::kStateSet:
      return "stateset";
  }
  std::unreachable();
}

std::string_view sample_suffix(MetricFamily::Type type) {
  if (type == MetricFamily::Type::kCounter) return "_total";
  return type == MetricFamily::Type::kInfo ? "_info" : "";
}

// The same three characters are escaped in label values and in HELP.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

std::string to_string(const std::variant<uint64_t, double>& value) {
  if (const auto* count = std::get_if<uint64_t>(&value)) return fmt::to_string(*count);
  const double number = std::get<double>(value);
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  return fmt::to_string(number);
}

void append(std::string& out, const MetricFamily& family, const MetricSample& sample) {
  out += family.name;
  out += sample_suffix(family.type);
  if (!sample.labels.empty()) {
    char separator = '{';
    for (const auto& [name, value] : sample.labels) {
      out += fmt::format("{}{}=\"{}\"", separator, name, escape(value));
      separator = ',';
    }
    out += '}';
  }
  out += fmt::format(" {}\n", to_string(sample.value));
}

}  // namespace

std::string_view content_type(MetricsFormat format) {
  return format == MetricsFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string metrics_text(std::span<const MetricFamily> families, MetricsFormat format) {
  const bool open = format == MetricsFormat::kOpenMetrics;
  std::string out;
  for (const MetricFamily& family : families) {
    const bool is_counter = family.type == MetricFamily::Type::kCounter;
    // Prometheus' text gives the name of the samples.
    const std::string name = open ? std::string(family.name)
                                  : fmt::format("{}{}", family.name, sample_suffix(family.type));
    const std::string_view type = open || is_counter ? to_string(family.type) : "gauge";
    out += fmt::format("# TYPE {} {}\n", name, type);
    if (open && !family.unit.empty()) out += fmt::format("# UNIT {} {}\n", name, family.unit);
    out += fmt::format("# HELP {} {}\n", name, escape(family.help));
    for (const MetricSample& sample : family.samples) append(out, family, sample);
  }
  return open ? out + "# EOF\n" : out;
}

std::string metrics_json(std::span<const MetricFamily> families) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const MetricFamily& family : families) {
    Json samples = Json::array();
    for (const MetricSample& sample : family.samples) {
      Json labels = Json::object();
      for (const auto& [name, value] : sample.labels) labels[std::string(name)] = value;
      Json value = std::visit([](auto number) { return Json(number); }, sample.value);
      samples.push_back({{"labels", std::move(labels)}, {"value", std::move(value)}});
    }
    list.push_back({{"name", family.name},
                    {"type", to_string(family.type)},
                    {"unit", family.unit},
                    {"help", family.help},
                    {"samples", std::move(samples)}});
  }
  return json_text({{"families", std::move(list)}});
}

}  // namespace control
