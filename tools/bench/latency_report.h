// Latencies as a table that grows while the benchmark runs, and as one JSON document.
#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/bench/latency_results.h"
#include "tools/bench/report.h"

namespace bench {

class LatencyReport {
 public:
  // The table goes to `out`.
  LatencyReport(const Circumstances& circumstances, std::FILE* out);
  // A case's comes before its loads, those before what it does when idle.
  void add(const Reachable& reachable);
  void add(const LoadResult& result);
  void add(const IdleResult& result);
  const nlohmann::json& json() const { return json_; }

 private:
  enum class Table : uint8_t { kNone, kLoads, kIdle };
  void begin(Table table);

  std::FILE* out_;
  Table table_ = Table::kNone;
  nlohmann::json json_;
};

}  // namespace bench
