// What was measured, as a table that grows while the benchmark runs and as one JSON document.
#pragma once

#include <cstdio>
#include <nlohmann/json_fwd.hpp>

#include "tools/bench/catalogue.h"

namespace bench {

// A case with its samples and those of its baselines, of the same rounds.
struct Result {
  CaseSpec spec;
  Series samples;
  Series mac_swap;  // empty for a case without mbufs
  Series hash;      // empty for none
  std::string remark = {};
};

// Where and how it runs.
struct Circumstances {
  std::string cpu_model;
  std::string pages;
  double page_step;  // see pages.h
  const Options& options;
};

// "AMD EPYC, CPU 1, TSC 2.45 GHz, hugepages (a step to another 4 kB: x 1.0), …, 51 rounds".
std::string circumstances_text(const Circumstances& circumstances);
nlohmann::json circumstances_json(const Circumstances& circumstances);

class Report {
 public:
  // The table goes to `out`.
  Report(const Circumstances& circumstances, std::FILE* out);
  void add(const Result& result);
  // A baseline's samples of one group; its line is printed at the end, over all groups.
  void add_baseline(const CaseSpec& spec, const Series& samples);
  // After the results that it compares.
  void add(const CaseSpec& spec, const Comparison& comparison, const Series& series);
  void finish();
  nlohmann::json json() const;

 private:
  struct Baseline {
    CaseSpec spec;
    Series samples;
  };

  struct Compared {
    CaseSpec spec;
    Comparison comparison;
    Series series;
  };

  void print_head();
  void print(const Result& result);
  void print(const Baseline& baseline);

  Circumstances circumstances_;
  std::FILE* out_;
  std::vector<Result> results_;
  std::vector<Baseline> baselines_;
  std::vector<Compared> compared_;
};

}  // namespace bench
