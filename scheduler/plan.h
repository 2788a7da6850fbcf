// The contract of schedulers. An algorithm is asked once per change of a service's servers, off the
// packet path, to compile them into an immutable plan; a worker asks the plan once per new connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lb/live.h"

namespace scheduler {

// A real server as schedulers see it, in the order of the file. Ties go to the first.
struct Server {
  uint32_t slot = 0;    // where its live counts stand
  uint32_t weight = 0;  // 0 takes no new connections
};

// Connections of a server as LVS's schedulers weigh them: one active counts as 256 inactive ones.
struct ServerLoad {
  uint64_t active = 0;
  uint64_t inactive = 0;
  uint64_t overhead() const { return 256 * active + inactive; }
};

// The live counts of all workers. Those of other workers may lag by the connections they are opening
// at this moment.
class LoadView {
 public:
  explicit LoadView(std::span<const lb::Load* const> workers) : workers_(workers) {}
  ServerLoad of(uint32_t slot) const {
    ServerLoad sum;
    for (const lb::Load* loads : workers_) {
      sum.active += loads[slot].active.reader_get();
      sum.inactive += loads[slot].inactive.reader_get();
    }
    return sum;
  }

 private:
  std::span<const lb::Load* const> workers_;
};

// What a plan may look at for one new connection.
struct Request {
  uint64_t turn = 0;  // how many connections took a turn before, over the whole director
  LoadView loads;
};

// Immutable, read by all workers at once.
class Plan {
 public:
  virtual ~Plan() = default;
  // The position of the chosen server, or nullopt when none takes new connections. Called by workers.
  virtual std::optional<uint32_t> pick(const Request& request) const = 0;
  // Whether pick looks at `turn`, so that a cursor is advanced for it.
  virtual bool takes_turns() const = 0;
};

using Compile = std::unique_ptr<const Plan> (*)(std::span<const Server> servers);

}  // namespace scheduler
