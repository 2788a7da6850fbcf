// By what a worker's packet path acts on the world: where packets go, and whom it tells what.
#pragma once

#include "dataplane/kernel_door.h"
#include "dataplane/messages.h"
#include "dataplane/neighbours.h"
#include "dataplane/outbox.h"
#include "dataplane/reassembly.h"
#include "dataplane/token_bucket.h"

namespace dataplane {

// How many packets a worker lets wait at a time, each in a buffer of its own. Neither is 0.
struct Waits {
  uint32_t fragments = Reassembly::kFragmentsOfAll;  // for others of their datagram
  uint32_t held = Neighbours<lb::V4>::kHeldTotal;    // for their next hop's MAC address
};

// The worker's own, but for `answer_limit`, which is all workers'. All outlive the path.
struct Means {
  Io& io;
  Outbox& outbox;
  Peers& peers;
  WorkerCounters& counters;
  EventQueue& events;
  TokenBucket& answer_limit;
  KernelDoor& kernel;
  Waits waits;
};

}  // namespace dataplane
