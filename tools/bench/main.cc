// lbd-bench: what a packet costs a worker, in multiples of a MAC swap taken in the same run. See
// --help for what the clock sees, catalogue.cc for the cases.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "dataplane/eal.h"
#include "tools/bench/latency.h"
#include "tools/bench/pages.h"

namespace bench {
namespace {

struct Contestant {
  CaseSpec spec;
  std::unique_ptr<Case> subject;
  Series series;
};

// Leaves the wanted cases, what means are made of, and what can then be compared.
void select(const Options& options, Group& group) {
  std::set<std::string> names;
  for (const CaseSpec& spec : group.cases) {
    if (!is_wanted(options, spec.name)) continue;
    names.insert(spec.name);
    names.insert(spec.mean_of.begin(), spec.mean_of.end());
  }
  if (!names.empty()) names.insert(group.hash.name);
  std::erase_if(group.cases, [&](const CaseSpec& spec) { return !names.contains(spec.name); });
  std::erase_if(group.comparisons, [&](const Comparison& comparison) {
    return !names.contains(comparison.of) || !names.contains(comparison.baseline);
  });
}

void list(const std::vector<Group>& groups) {
  for (const Group& group : groups) {
    for (const CaseSpec& spec : group.cases) {
      fmt::print("{:<36}", spec.name);
      if (spec.flows > 0) fmt::print(" {:>6} flows", count_text(spec.flows));
      if (spec.ring > 0) fmt::print(" {:>6} mbufs", count_text(spec.ring));
      fmt::print("\n");
    }
    for (const Comparison& comparison : group.comparisons) {
      fmt::print("  -> {:<46} {} : {}", comparison.name, comparison.of, comparison.baseline);
      if (!comparison.target.empty()) fmt::print(", target {}", comparison.target);
      fmt::print("\n");
    }
  }
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown CPU";
}

std::string remark_of(const std::vector<Contestant>& contestants, const CaseSpec& spec) {
  for (const Contestant& contestant : contestants) {
    const CaseSpec& one = contestant.spec;
    if (one.name == spec.name && one.ring == spec.ring) return contestant.subject->remark();
  }
  return {};
}

// The series of the contestant with this name and ring, or an empty one.
Series series_of(const std::vector<Contestant>& contestants, const std::string& name,
                 uint32_t ring) {
  for (const Contestant& contestant : contestants) {
    if (contestant.spec.name == name && contestant.spec.ring == ring) return contestant.series;
  }
  return {};
}

void compare(const std::vector<Contestant>& contestants, const Comparison& comparison,
             Report& report) {
  const auto find = [&](const std::string& name) {
    return std::find_if(contestants.begin(), contestants.end(),
                        [&](const Contestant& contestant) { return contestant.spec.name == name; });
  };
  const auto of = find(comparison.of);
  const auto baseline = find(comparison.baseline);
  report.add(of->spec, comparison,
             comparison.kind == Comparison::Kind::kRatio
                 ? of->series.over(baseline->series)
                 : of->series.above(baseline->series, comparison.factor));
}

void run(Group& group, Lab& lab, uint32_t rounds, Report& report) {
  std::vector<Contestant> contestants;
  const auto enter = [&](const CaseSpec& spec) {
    if (spec.make) contestants.push_back({spec, spec.make(lab), {}});
  };
  for (const CaseSpec& spec : mac_swaps()) enter(spec);
  enter(group.hash);
  const size_t baselines = contestants.size();
  for (const CaseSpec& spec : group.cases) enter(spec);

  for (Contestant& contestant : contestants) contestant.subject->sample();  // warms up
  for (uint32_t round = 0; round < rounds; ++round) {
    for (Contestant& contestant : contestants) contestant.series.add(contestant.subject->sample());
  }

  for (size_t i = 0; i < baselines; ++i) {
    report.add_baseline(contestants[i].spec, contestants[i].series);
  }
  for (const CaseSpec& spec : group.cases) {
    Series samples = series_of(contestants, spec.name, spec.ring);
    if (!spec.mean_of.empty()) {
      samples = Series::mean(series_of(contestants, spec.mean_of[0], spec.ring),
                             series_of(contestants, spec.mean_of[1], spec.ring));
    }
    report.add({spec, samples, series_of(contestants, "MAC swap", spec.ring),
                series_of(contestants, group.hash.name, 0), remark_of(contestants, spec)});
  }
  for (const Comparison& comparison : group.comparisons) compare(contestants, comparison, report);
}

// One core does both: the benchmark runs on EAL's main lcore, the worker lcore it insists on
// sleeps.
std::expected<dataplane::Eal, dataplane::StartError> start_eal(const Options& options) {
  const std::string cpu = std::to_string(options.cpu);
  dataplane::EalRequest request;
  request.bytes = bytes_for(options);
  request.arguments = {"--lcores", "0@" + cpu + ",1@" + cpu, "--no-telemetry"};
  if (options.pages != Pages::kSmall) {
    auto eal = dataplane::Eal::start(request);
    if (eal || options.pages == Pages::kHuge) return eal;
  }
  request.arguments.emplace_back("--no-huge");
  return dataplane::Eal::start(request);
}

nlohmann::json run_cases(std::vector<Group> groups, Lab& lab, const Circumstances& circumstances,
                         std::FILE* out) {
  Report report(circumstances, out);
  for (Group& group : groups) run(group, lab, circumstances.options.rounds, report);
  report.finish();
  return report.json();
}

nlohmann::json run_latency(Lab& lab, const Circumstances& circumstances, std::FILE* out) {
  LatencyReport report(circumstances, out);
  measure_latency(circumstances.options, lab, report);
  return report.json();
}

int run_all(const Options& options, std::vector<Group> groups) {
  const auto eal = start_eal(options);
  if (!eal) {
    std::cerr << "lbd-bench: error: " << eal.error().text << '\n';
    return 1;
  }
  std::FILE* const out = options.json ? stderr : stdout;
  try {
    const Circumstances circumstances{
        cpu_model(),
        dataplane::Eal::has_hugepages()
            ? "hugepages"
            : "small pages, transparent hugepages for tables (--no-huge)",
        page_step(), options};
    Lab lab(options);
    const nlohmann::json json = options.latency
                                    ? run_latency(lab, circumstances, out)
                                    : run_cases(std::move(groups), lab, circumstances, out);
    if (options.json) std::cout << json.dump(2) << '\n';
  } catch (const Failure& failure) {
    std::cerr << "lbd-bench: error: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}

// What --only leaves.
std::vector<Group> wanted_groups(const Options& options) {
  std::vector<Group> groups = catalogue(options);
  for (Group& group : groups) select(options, group);
  std::erase_if(groups, [](const Group& group) { return group.cases.empty(); });
  return groups;
}

std::vector<std::string> wanted_latency_cases(const Options& options) {
  std::vector<std::string> cases = latency_cases();
  std::erase_if(cases, [&](const std::string& name) { return !is_wanted(options, name); });
  return cases;
}

int main(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::cerr << "lbd-bench: error: " << options.error() << '\n';
    return 2;
  }
  if (options->action == Options::Action::kHelp) {
    std::cout << usage();
    return 0;
  }
  std::vector<Group> groups;
  std::vector<std::string> cases;
  if (options->latency) {
    cases = wanted_latency_cases(*options);
  } else {
    groups = wanted_groups(*options);
  }
  if (groups.empty() && cases.empty()) {
    std::cerr << "lbd-bench: error: --only: no case matches (--list prints them)\n";
    return 2;
  }
  if (options->action == Options::Action::kList) {
    list(groups);
    for (const std::string& name : cases) fmt::print("{}\n", name);
    return 0;
  }
  return run_all(*options, std::move(groups));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::main(argc, argv); }
