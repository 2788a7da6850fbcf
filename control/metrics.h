// What the director exports to Prometheus: every fact that is a number, under names that do not
// change.
#pragma once

#include <vector>

#include "control/facts.h"
#include "control/openmetrics.h"

namespace control {

std::vector<MetricFamily> metric_families(Facts& facts);

}  // namespace control
