// How many packet buffers a director takes. It follows from the file and from how many workers
// there will be, so that it is known before DPDK starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "dataplane/means.h"
#include "dataplane/owner.h"

namespace control {

// Of all interfaces, in order.
std::vector<std::string> all_devices(const conf::Config& config);

// The file's number, or else enough for all queues, workers and rings between them.
uint32_t buffer_count(const conf::Config& config, dataplane::WorkerNumber workers);

// How many of that many each worker may let wait: half of what the receive queues do not take goes
// on receiving whatever waits.
dataplane::Waits waits_for(uint32_t buffers, uint32_t queues, dataplane::WorkerNumber workers);

// Why no buffers can hold an interface's largest packets, by the pointer of its mtu; nullopt: they
// can.
std::optional<std::string> why_too_large(const conf::Config& config);

// Why the file's number will not do, by its pointer; nullopt: it will, or the file has none.
std::optional<std::string> why_too_few_buffers(const conf::Config& config,
                                               dataplane::WorkerNumber workers);

}  // namespace control
