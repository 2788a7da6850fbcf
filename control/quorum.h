// Whether a service has enough servers, and who serves when it has not.
#pragma once

#include "conf/config.h"
#include "control/roster.h"

namespace control {

// The weight of the servers that take new connections, by operator and health.
uint64_t live_weight(const conf::Service& service, const Roster::Service& entry);

// Looks anew: it is lost below quorum less hysteresis and there from quorum plus hysteresis on; in
// between it stays what it was, and when nobody has looked yet it is there from the quorum on.
// Returns whether that made it another, the first look included.
bool judge_quorum(const conf::Service& service, Roster::Service& entry);

// The sorry server, and nobody else, gets new connections.
inline bool sorry_server_serves(const conf::Service& service, const Roster::Service& entry) {
  return service.sorry_server.has_value() && entry.quorum == false;
}

}  // namespace control
