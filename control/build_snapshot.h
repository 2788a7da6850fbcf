// From a configuration to what workers read.
#pragma once

#include "conf/config.h"
#include "control/roster.h"
#include "dataplane/snapshot.h"
#include "dataplane/worker.h"

namespace control {

using Snapshot = dataplane::Snapshot<lb::V4>;

// `links`: one per interface of the file, in its order, with MAC and ports filled in. Services that
// leave are in it too, closed. `vips`: now, if not as the file says.
std::unique_ptr<Snapshot> build_snapshot(const conf::Config& config, const Roster& roster,
                                         std::vector<dataplane::Link> links, lb::HashKey key,
                                         Roster::Time now = Roster::Time::max(),
                                         std::optional<conf::Vips> vips = {});

// The parts that change most. Precondition: the service is in the roster. `now` decides how far
// slow starts have come.
void put_service(Snapshot& snapshot, const conf::Service& service, const Roster& roster,
                 Roster::Time now);
// Whether a server of the service is in its slow start.
bool is_rising(const conf::Service& service, const Roster& roster, Roster::Time now);
// Services' endpoints and addresses, after one has come or gone or the VIPs have changed hands.
void put_endpoints(Snapshot& snapshot, const conf::Config& config, const Roster& roster,
                   lb::HashKey key);

std::vector<dataplane::StaticNeighbour> static_neighbours(const conf::Config& config);

// Idle times by state, in ticks. SYN_SENT and ICMP, which the file does not know, have Linux's two
// minutes (ip_vs_proto_tcp.c) and thirty seconds (nf_conntrack_icmp_timeout).
lb::Timeouts timeouts_of(const conf::Timeouts& seconds);

}  // namespace control
