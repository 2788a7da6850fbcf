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

// Idle times by state, in ticks. SYN_SENT and ICMP, which the file does not know, have Linux's two
// minutes (ip_vs_proto_tcp.c) and thirty seconds (nf_conntrack_icmp_timeout).
lb::Timeouts timeouts_of(const conf::Timeouts& seconds);

}  // namespace control
