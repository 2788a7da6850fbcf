// Which worker receives from which queue, and by which queue it sends. Every receive queue has one
// worker, every transmit queue at most one; a worker without a transmit queue of a link sends by
// another's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "dataplane/io.h"
#include "dataplane/owner.h"

namespace dataplane {

// A port as it has been configured.
struct PortQueues {
  LinkNumber link;
  uint16_t receive;   // at least 1
  uint16_t transmit;  // at least 1
};

struct QueueNumber {
  uint16_t port;  // position in the list of ports
  uint16_t queue;
  bool operator==(const QueueNumber&) const = default;
};

// All vectors by link.
struct WorkerQueues {
  std::vector<std::vector<QueueNumber>> receive;
  std::vector<std::optional<QueueNumber>> transmit;
  std::vector<WorkerNumber> transmitter;  // itself where `transmit` has a queue
};

// A link's queues go to the workers in order, queue i of a link that has enough of them to worker
// i, as devices that steer expect it; links with fewer queues than there are workers begin where
// the last such link ended, so that their work is spread.
std::vector<WorkerQueues> assign_queues(std::span<const PortQueues> ports, LinkNumber links,
                                        WorkerNumber workers);

}  // namespace dataplane
