// The workers as changes know them.
#pragma once

#include <memory>

#include "control/build_snapshot.h"
#include "scheduler/plan.h"

namespace control {

// The engine is one, and so is whatever turns workers without ports or threads. All calls come on
// the control thread; none makes a worker wait or waits for one.
class Publisher {
 public:
  virtual ~Publisher() = default;
  // What workers read now, and what they read from now on. Publications are numbered from 0, the
  // first being the start's; the number of the new one is returned.
  virtual const Snapshot& snapshot() const = 0;
  virtual uint64_t publications() const = 0;
  virtual uint64_t publish(std::unique_ptr<const Snapshot> next) = 0;
  // No worker reads anything older than this publication any more.
  virtual uint64_t settled() = 0;
  virtual lb::HashKey key() const = 0;
  // Makes a service's turns start anew. Precondition: no worker serves it.
  virtual void forget_turns(uint32_t service_slot) = 0;
  // Sum over workers.
  virtual scheduler::ServerLoad load(uint32_t server_slot) const = 0;
};

}  // namespace control
