// The contract of forwarding methods: how a packet of a connection is changed on its way. Next hop,
// TTL, state and counters are the path's business and the same for all. To add one: a line in
// methods.cc, and a file pair for what it changes.
#pragma once

#include <string_view>

#include "dataplane/packet.h"
#include "lb/connection.h"

namespace dataplane {

template <class F>
struct Method {
  std::string_view name;     // in the configuration
  std::string_view summary;  // one line of help
  bool replies_seen;         // the real server's packets come back through the director
  bool keeps_port;           // the real server listens on the service's own port
  bool on_link;              // the real server must be on a link of the director
  uint16_t overhead;         // bytes that a packet grows by
  // Change the packet's bytes, its IP and transport headers being whole; `source` is the director's
  // address towards the real server. Called by workers. `inbound` is nullptr where the bytes stay
  // as they are, `outbound` where replies are not seen.
  void (*inbound)(Packet<F>& packet, const lb::Connection<F>& connection,
                  typename F::Address source);
  void (*outbound)(Packet<F>& packet, const lb::Connection<F>& connection);

  void rewrite_inbound(Packet<F>& packet, const lb::Connection<F>& connection,
                       typename F::Address director) const {
    if (inbound != nullptr) inbound(packet, connection, director);
  }
};

}  // namespace dataplane
