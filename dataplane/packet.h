// A received packet while its burst is worked on: what the headers said, and what the path found
// out. The bytes belong to the mbuf; the packet passes them from stage to stage and owns nothing.
#pragma once

#include <rte_mbuf.h>

#include <span>

#include "dataplane/headers.h"
#include "dataplane/io.h"
#include "lb/connection_table.h"

namespace dataplane {

// A fragment of a datagram as it came: the frame, and where its payload belongs.
struct Fragment {
  rte_mbuf* mbuf;
  LinkNumber link;
  uint16_t offset;  // bytes
  uint16_t length;  // bytes of payload
  bool last;
};

// Left uninitialised on purpose: a burst has many, and parse fills those that it uses.
template <class F>
struct Packet {
  static constexpr uint32_t kNoService = 0xffffffff;
  static constexpr uint32_t kMasqueraded = 0xfffffffe;  // a reply to what a real server started

  rte_mbuf* mbuf;  // nullptr: a datagram put together from fragments
  uint8_t* ip;     // the Ethernet header lies right before
  uint16_t ip_header_length;
  uint16_t length;  // of the IP packet, header included
  lb::Protocol protocol;
  uint8_t tcp_flags;  // 0 for UDP
  lb::End<F> source;
  lb::End<F> destination;
  uint16_t room;              // bytes that an IP packet may have on its way; set before it leaves
  uint16_t largest_fragment;  // bytes of an IP packet; 0: did not come in fragments
  uint16_t fragment_count;
  const Fragment* fragments;  // as they came, of such a datagram
  // Found by classify: the slot of the service that `destination` names, if it does.
  uint32_t service;
  lb::EntryIndex candidate;  // found by locate: probably its connection
  uint64_t hash;

  lb::Direction direction() const {
    return service != kNoService ? lb::Direction::kInbound : lb::Direction::kOutbound;
  }
  // The end outside, by which the connection is owned and found, and the other one.
  const lb::End<F>& outside() const { return service != kNoService ? source : destination; }
  const lb::End<F>& other() const { return service != kNoService ? destination : source; }

  std::span<const Fragment> pieces() const { return {fragments, fragment_count}; }

  uint8_t* transport() const { return ip + ip_header_length; }
  uint16_t transport_length() const { return static_cast<uint16_t>(length - ip_header_length); }
};

}  // namespace dataplane
