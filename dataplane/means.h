// By what a worker's packet path acts on the world: where packets go, and whom it tells what.
#pragma once

#include "dataplane/kernel_door.h"
#include "dataplane/messages.h"
#include "dataplane/outbox.h"
#include "dataplane/token_bucket.h"

namespace dataplane {

// The worker's own, but for `answer_limit`, which is all workers'. All outlive the path.
struct Means {
  Io& io;
  Outbox& outbox;
  Peers& peers;
  WorkerCounters& counters;
  EventQueue& events;
  TokenBucket& answer_limit;
  KernelDoor& kernel;
};

}  // namespace dataplane
