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

std::string openmetrics_text(std::span<const MetricFamily> families) {
  std::string out;
  for (const MetricFamily& family : families) {
    out += fmt::format("# TYPE {} {}\n", family.name, to_string(family.type));
    if (!family.unit.empty()) out += fmt::format("# UNIT {} {}\n", family.name, family.unit);
    out += fmt::format("# HELP {} {}\n", family.name, escape(family.help));
    for (const MetricSample& sample : family.samples) append(out, family, sample);
  }
  return out + "# EOF\n";
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
