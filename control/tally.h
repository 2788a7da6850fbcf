// What real servers and services have done since they began or were last cleared, and how fast they
// do it now. Workers' counters only ever grow and outlive their holders; what is told starts from
// zero. The control thread's.
#pragma once

#include <functional>
#include <vector>

#include "control/rates.h"
#include "control/roster.h"

namespace control {

class Tally {
 public:
  // The workers' sums by server slot, and their refusals by service slot.
  struct Sources {
    std::function<Traffic(uint32_t)> traffic;
    std::function<uint64_t(uint32_t)> refused;
  };
  explicit Tally(Sources sources) : sources_(std::move(sources)) {}

  // From zero.
  void restart_server(uint32_t slot);
  void restart_service(uint32_t slot);

  Traffic totals(uint32_t server_slot) const;
  Rates rates(uint32_t server_slot) const;
  uint64_t refused(uint32_t service_slot) const;

  // To be called every kRateTickSeconds.
  void tick(const Roster& roster);

 private:
  struct Server {
    Traffic base;
    RateEstimator rate;
  };
  Server& server(uint32_t slot);

  Sources sources_;
  std::vector<Server> servers_;
  std::vector<uint64_t> refused_base_;
};

}  // namespace control
