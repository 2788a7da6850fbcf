#include "tools/bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/bench/reconfiguring.h"

namespace bench {
namespace {

// Half the interquartile range.
double spread(const Series& series) { return (series.quantile(0.75) - series.quantile(0.25)) / 2; }

std::string multiple(const Series& samples, const Series& baseline) {
  if (baseline.samples().empty()) return fmt::format("{:>14}", "");
  return fmt::format("{:6.2f} +-{:5.2f}", samples.median() / baseline.median(),
                     spread(samples.over(baseline)));
}

std::string number_or_blank(uint32_t value) { return value == 0 ? "" : count_text(value); }

nlohmann::json quantiles(const Series& series) {
  return {{"best", series.quantile(0)},
          {"lower_quartile", series.quantile(0.25)},
          {"median", series.median()},
          {"upper_quartile", series.quantile(0.75)},
          {"max", series.quantile(1)}};
}

nlohmann::json ratio(const Series& samples, const Series& baseline) {
  nlohmann::json result = quantiles(samples.over(baseline));
  result["of_medians"] = samples.median() / baseline.median();
  return result;
}

nlohmann::json head(const CaseSpec& spec, const Series& samples) {
  return {{"case", spec.name}, {"flows", spec.flows},      {"ring", spec.ring},
          {"unit", spec.unit}, {"ns", quantiles(samples)}, {"samples", samples.samples()}};
}

}  // namespace

std::string circumstances_text(const Circumstances& circumstances) {
  const Options& options = circumstances.options;
  return fmt::format(
      "{}, CPU {}{}, TSC {:.2f} GHz, {} (a step to another 4 kB: x {:.1f}), bursts of {}, {} "
      "rounds",
      circumstances.cpu_model, options.cpu,
      options.second_cpu ? fmt::format(" and {}", *options.second_cpu) : "", 1 / nanoseconds(1),
      circumstances.pages, circumstances.page_step, options.burst, options.rounds);
}

nlohmann::json circumstances_json(const Circumstances& circumstances) {
  const Options& options = circumstances.options;
  nlohmann::json result{{"program", "lbd-bench"},
                        {"version", LBD_VERSION},
                        {"cpu_model", circumstances.cpu_model},
                        {"cpu", options.cpu},
                        {"tsc_hz", rte_get_tsc_hz()},
                        {"pages", circumstances.pages},
                        {"page_step", circumstances.page_step},
                        {"burst", options.burst},
                        {"rounds", options.rounds}};
  if (options.second_cpu) result["second_cpu"] = *options.second_cpu;
  return result;
}

Report::Report(const Circumstances& circumstances, std::FILE* out)
    : circumstances_(circumstances), out_(out) {
  print_head();
}

void Report::print_head() {
  fmt::print(out_,
             "lbd-bench: {}\n\n"
             "{:<36} {:>6} {:>6} {:>14} {:>14} {:>7} {:>7} {:>7} {:>7}  {}\n"
             "{:<36} {:>6} {:>6} {:>14} {:>14} {:>7} {:>7} {:>7} {:>7}\n",
             circumstances_text(circumstances_), "case", "flows", "mbufs", "x swap", "x rte_hash",
             "ns", "+-", "best", "worst", "per", "", "", "", "(same mbufs)", "(same flows)",
             "median", "", "", "");
  std::fflush(out_);
}

void Report::add(const Result& result) {
  print(result);
  results_.push_back(result);
}

void Report::add_baseline(const CaseSpec& spec, const Series& samples) {
  const auto same = [&](const Baseline& b) {
    return b.spec.name == spec.name && b.spec.flows == spec.flows && b.spec.ring == spec.ring;
  };
  auto found = std::find_if(baselines_.begin(), baselines_.end(), same);
  if (found == baselines_.end()) found = baselines_.insert(found, {spec, {}});
  for (const double sample : samples.samples()) found->samples.add(sample);
}

void Report::print(const Result& result) {
  const CaseSpec& spec = result.spec;
  fmt::print(out_, "{:<36} {:>6} {:>6} {} {} {:7.1f} {:7.1f} {:7.1f} {:7.1f}  {}", spec.name,
             number_or_blank(spec.flows), number_or_blank(spec.ring),
             multiple(result.samples, result.mac_swap), multiple(result.samples, result.hash),
             result.samples.median(), spread(result.samples), result.samples.quantile(0),
             result.samples.quantile(1), spec.unit);
  if (spec.unit == "connection") {
    fmt::print(out_, " ({:.2f} M/s)", 1e3 / result.samples.median());
  } else if (spec.unit == "change") {
    const double a_second = 1e9 / result.samples.median();
    fmt::print(out_, " (up to {:.0f} a second; {} are {:.1f} % of a core)", a_second,
               kChangesASecond, 100 * kChangesASecond / a_second);
  }
  if (!result.remark.empty()) fmt::print(out_, " ({})", result.remark);
  fmt::print(out_, "\n");
  std::fflush(out_);
}

void Report::print(const Baseline& baseline) {
  const Series& samples = baseline.samples;
  fmt::print(out_, "{:<36} {:>6} {:>6} {:>14} {:>14} {:7.1f} {:7.1f} {:7.1f} {:7.1f}  {}\n",
             baseline.spec.name, number_or_blank(baseline.spec.flows),
             number_or_blank(baseline.spec.ring), "", "", samples.median(), spread(samples),
             samples.quantile(0), samples.quantile(1), baseline.spec.unit);
}

void Report::add(const CaseSpec& spec, const Comparison& comparison, const Series& series) {
  fmt::print(out_, "  -> {:<46} {:>14.2f} +-{:5.2f}{}\n", comparison.name, series.median(),
             spread(series),
             comparison.target.empty() ? "" : "  (target: " + comparison.target + ')');
  std::fflush(out_);
  compared_.push_back({spec, comparison, series});
}

void Report::finish() {
  if (!circumstances_.options.second_cpu) {
    fmt::print(out_, "\nTwo workers: left out, as only one CPU may be used.\n");
  }
  fmt::print(out_, "\nBaselines, over all groups:\n");
  for (const Baseline& baseline : baselines_) print(baseline);
  std::fflush(out_);
}

nlohmann::json Report::json() const {
  nlohmann::json result = circumstances_json(circumstances_);
  for (const char* list : {"results", "baselines", "comparisons"}) {
    result[list] = nlohmann::json::array();
  }
  for (const Result& r : results_) {
    nlohmann::json entry = head(r.spec, r.samples);
    if (!r.mac_swap.samples().empty()) entry["over_mac_swap"] = ratio(r.samples, r.mac_swap);
    if (!r.hash.samples().empty()) entry["over_rte_hash"] = ratio(r.samples, r.hash);
    if (!r.remark.empty()) entry["remark"] = r.remark;
    result["results"].push_back(std::move(entry));
  }
  for (const Compared& c : compared_) {
    result["comparisons"].push_back({{"comparison", c.comparison.name},
                                     {"of", c.comparison.of},
                                     {"baseline", c.comparison.baseline},
                                     {"flows", c.spec.flows},
                                     {"target", c.comparison.target},
                                     {"value", quantiles(c.series)}});
  }
  for (const Baseline& b : baselines_) result["baselines"].push_back(head(b.spec, b.samples));
  return result;
}

}  // namespace bench
