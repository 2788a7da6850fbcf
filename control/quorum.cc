#include "control/quorum.h"

namespace control {

uint64_t live_weight(const conf::Service& service, const Roster::Service& entry) {
  uint64_t sum = 0;
  entry.visit(service, [&](const conf::Server& server, const Roster::Server& member) {
    if (member.accepts) sum += server.weight;
  });
  return sum;
}

bool judge_quorum(const conf::Service& service, Roster::Service& entry) {
  const uint64_t weight = live_weight(service, entry);
  const uint64_t quorum = service.quorum, hysteresis = service.quorum_hysteresis;
  const std::optional<bool> before = entry.quorum;
  if (!before) {
    entry.quorum = weight >= quorum;
  } else if (*before && weight < quorum - hysteresis) {
    entry.quorum = false;
  } else if (!*before && weight >= quorum + hysteresis) {
    entry.quorum = true;
  }
  return entry.quorum != before;
}

}  // namespace control
