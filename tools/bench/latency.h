// How long a packet is with the worker, in its real loop, when packets come by a clock of their
// own.
#pragma once

#include "tools/bench/catalogue.h"
#include "tools/bench/latency_report.h"

namespace bench {

// What is measured, each over every number of flows, for --only and --list.
std::vector<std::string> latency_cases();

// Throws Failure.
void measure_latency(const Options& options, Lab& lab, LatencyReport& report);

}  // namespace bench
