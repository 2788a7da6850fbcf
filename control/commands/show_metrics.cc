#include "control/commands/show_metrics.h"

#include "control/metrics.h"
#include "control/openmetrics.h"

namespace control::commands {

Reply show_metrics(Facts& facts, const Call& call) {
  const std::vector<MetricFamily> families = metric_families(facts);
  return call.json ? metrics_json(families) : openmetrics_text(families);
}

}  // namespace control::commands
