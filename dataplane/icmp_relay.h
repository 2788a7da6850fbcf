// ICMP errors about connections reach whoever must hear them (RFC 5508 for NAT; LVS: ip_vs_in_icmp,
// handle_response_icmp): what the outside says about a reply goes to the real server, what the
// inside says about a request goes to the client, and what a router says about a tunnel's outer
// packet goes to the client as if said about the packet inside.
#pragma once

#include "dataplane/host.h"
#include "dataplane/methods.h"
#include "dataplane/quote.h"
#include "lb/connections.h"

namespace dataplane {

template <class F>
class IcmpRelay;

template <>
class IcmpRelay<lb::V4> {
 public:
  using Packet = dataplane::Packet<lb::V4>;
  IcmpRelay(Host<lb::V4>& host, Peers& peers, lb::Connections<lb::V4>& connections)
      : host_(host), peers_(peers), connections_(connections) {}

  // To be called before each burst.
  void begin(const Snapshot<lb::V4>& snapshot) { snapshot_ = &snapshot; }

  // Whether the packet is an ICMP error, which `relay` then decides the fate of or hands to the
  // connection's owner.
  static bool is_error(const Packet& packet);
  void relay(LinkNumber link, Packet& packet);

 private:
  void relay_to_server(LinkNumber link, Packet& packet, const Quote& quote);
  void relay_to_client(LinkNumber link, Packet& packet, const Quote& quote);
  void relay_from_tunnel(LinkNumber link, Packet& packet, const Quote& outer);
  // The connection that an error is about, as the packet that it quotes names it.
  struct Subject {
    lb::Direction direction;
    lb::End<lb::V4> outside;
    lb::End<lb::V4> other;
    lb::Protocol protocol;
    uint64_t hash;
  };
  Subject subject(lb::Direction direction, const lb::End<lb::V4>& outside,
                  const lb::End<lb::V4>& other, uint8_t protocol) const;
  bool pass_on(LinkNumber link, const Packet& packet, const Subject& subject);
  lb::EntryIndex find(const Subject& subject) const;
  // Drops what is about a connection of a VIP that is another director's now.
  bool drop_in_standby(const Packet& packet, lb::EntryIndex about);
  // Sends on, as if it came from a virtual end, what was said about a packet from there.
  void send_to_client(LinkNumber link, Packet& packet, const Quote& quote, lb::NextHop& next_hop,
                      const lb::End<lb::V4>& virtual_end);

  Host<lb::V4>& host_;
  Peers& peers_;
  lb::Connections<lb::V4>& connections_;
  const Snapshot<lb::V4>* snapshot_ = nullptr;
  std::span<const Method<lb::V4>> methods_ = methods<lb::V4>();
};

}  // namespace dataplane
