// An explanation from what the workers say and the snapshot that they read. The control thread's.
#pragma once

#include "control/build_snapshot.h"
#include "control/explanation.h"
#include "control/inspect.h"
#include "control/worker_facts.h"

namespace control {

// All that a worker's answer is put into words with.
struct Explained {
  Workers workers;
  const Snapshot& snapshot;  // the published one
  const conf::Config& config;
  const Roster& roster;
  std::span<const lb::Load* const> loads;  // of every worker
  const lb::Limits& limits;
};

// All but the lcore. Errors: IPv6; a worker that does not answer.
std::expected<Explanation, std::string> explain(const Explained& director,
                                                const ExplainQuery& query, const Wait& wait);

}  // namespace control
