// Packets to ask `explain` about.
#pragma once

#include "control/explanation.h"
#include "test/dataplane/support/frame.h"
#include "tools/replay/run.h"

namespace control {

inline lb::Endpoint endpoint(std::string_view text) { return lb::Endpoint::parse(text).value(); }

// `flags`: of TCP, as letters.
inline replay::Bytes frame_of(const ExplainQuery& query, std::string_view flags,
                              const lb::MacAddress& to) {
  const std::string from = query.client.to_string(), at = query.destination.to_string();
  const bool is_tcp = query.protocol == lb::Protocol::kTcp;
  return (is_tcp ? dataplane_test::tcp(from, at).flags(flags) : dataplane_test::udp(from, at))
      .build(to);
}

}  // namespace control
