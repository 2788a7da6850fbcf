// A received packet while its burst is worked on: what the headers said, and what the path found
// out. The bytes belong to the mbuf; the packet passes them from stage to stage and owns nothing.
#pragma once

#include <rte_mbuf.h>

#include <span>

#include "dataplane/headers.h"
#include "dataplane/io.h"
#include "lb/connection_table.h"

namespace dataplane {

// Of a packet in one buffer.
inline std::span<uint8_t> frame_of(const rte_mbuf& packet) {
  return {rte_pktmbuf_mtod(&packet, uint8_t*), packet.data_len};
}

// A fragment of a datagram as it came: the frame, and where its payload belongs.
struct Fragment {
  rte_mbuf* mbuf;
  LinkNumber link;
  uint16_t offset;  // bytes
  uint16_t length;  // bytes of payload
  bool last;
};

// A datagram put together.
struct Datagram {
  std::span<uint8_t> frame;   // Ethernet header of the first fragment, IP packet; headroom before
  uint16_t largest_fragment;  // bytes of the largest IP packet among its fragments
  std::span<const Fragment> fragments;  // as they came
};

// Left uninitialised on purpose: a burst has many, and parse fills those that it uses.
template <class F>
struct Packet {
  static constexpr uint32_t kNoService = 0xffffffff;
  static constexpr uint32_t kMasqueraded = 0xfffffffe;  // a reply to what a real server started

  rte_mbuf* mbuf;  // nullptr: a datagram put together from fragments
  uint8_t* ip;     // the Ethernet header lies right before
  lb::FlowEnd<F> source;
  lb::FlowEnd<F> destination;
  uint16_t length;           // of the IP packet, header included
  uint8_t ip_header_length;  // bytes, options included
  uint8_t tcp_flags;         // 0 for UDP
  // Whether it is nothing but part of a connection's usual state (see parse_plain), and has a
  // candidate. Of others the path has more to find out.
  bool usual;
  uint16_t room;             // bytes that an IP packet may have on its way; set before it leaves
  const Datagram* datagram;  // where mbuf is nullptr
  // Found by classify: the slot of the service that `destination` names, if it does.
  uint32_t service;
  lb::EntryIndex candidate;  // found by locate: probably its connection
  uint64_t hash;

  void set_ends(const lb::End<F>& from, const lb::End<F>& to, lb::Protocol protocol) {
    source = lb::FlowEnd<F>::of(from, protocol);
    destination = lb::FlowEnd<F>::of(to, protocol);
  }
  lb::Protocol protocol() const { return source.protocol; }

  lb::Direction direction() const {
    return service != kNoService ? lb::Direction::kInbound : lb::Direction::kOutbound;
  }
  // The end outside, by which the connection is owned and found, and the other one.
  const lb::FlowEnd<F>& outside() const { return service != kNoService ? source : destination; }
  const lb::FlowEnd<F>& other() const { return service != kNoService ? destination : source; }

  std::span<const Fragment> pieces() const { return datagram->fragments; }

  uint8_t* transport() const { return ip + ip_header_length; }
  uint16_t transport_length() const { return static_cast<uint16_t>(length - ip_header_length); }
};

}  // namespace dataplane
