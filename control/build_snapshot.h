// From a configuration to what workers read.
#pragma once

#include "conf/config.h"
#include "control/slots.h"
#include "dataplane/snapshot.h"
#include "dataplane/worker.h"

namespace control {

// `links`: one per interface of the file, in its order, with MAC and ports filled in.
std::unique_ptr<const dataplane::Snapshot<lb::V4>> build_snapshot(
    const conf::Config& config, const Slots& slots, std::vector<dataplane::Link> links,
    lb::HashKey key);

std::vector<dataplane::StaticNeighbour> static_neighbours(const conf::Config& config);

// Idle times by state, in ticks. SYN_SENT, which the file does not know, has LVS's two minutes.
lb::Timeouts timeouts_of(const conf::Timeouts& seconds);

}  // namespace control
