// What a configuration wants of devices that can steer: which packets come from outside, and which
// directions an interface may carry.
#pragma once

#include <vector>

#include "conf/config.h"
#include "dataplane/snapshot.h"
#include "dataplane/steering.h"

namespace control {

struct InterfaceSides {
  bool from_outside = false;  // clients, or what masqueraded hosts talk to, may be behind it
  bool from_inside = false;   // real servers whose replies come back, or masqueraded hosts
  bool operator==(const InterfaceSides&) const = default;
};

struct SteeringWishes {
  std::vector<InterfaceSides> interfaces;  // in the order of the file
  std::vector<dataplane::OutsideDestination> destinations;
};

SteeringWishes steering_wishes(const conf::Config& config,
                               const dataplane::Snapshot<lb::V4>& snapshot);

}  // namespace control
