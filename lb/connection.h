// One tracked connection, in one cache line for IPv4. Entries refer to each other and to services,
// servers and next hops by index only, never by pointer, so that another process can map the same
// memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lb/family.h"
#include "lb/state.h"

namespace lb {

// Position of an entry in the pool.
using EntryIndex = uint32_t;
inline constexpr EntryIndex kNoEntry = 0xffffffff;

// Forwarding methods by number; their table, with names and functions, is dataplane/methods.h.
using MethodNumber = uint8_t;

// Handle of a neighbour (dataplane/neighbours.h); 0 is none.
using NextHop = uint32_t;

template <class F>
struct Connection {
  // Bits of `flags`.
  static constexpr uint8_t kCut = 1;  // ended by the operator: its ends are sent resets

  // The three ends. `outside` is the client, `virtual_end` the VIP as the client sees it, `inside`
  // the real server. The owner and the bucket follow from `outside` and `protocol` alone.
  End<F> outside;
  Protocol protocol;
  State state;
  End<F> virtual_end;
  MethodNumber method;
  bool replies_seen;  // the method brings the real server's packets back through the director
  End<F> inside;
  bool from_inside;  // masqueraded: the real server opened it
  uint8_t flags;

  // Of its client's hold to the server, see HoldKeeper; 0: there is none. Beside the lowest bit of
  // `flags`, which is for others.
  uint8_t hold_seconds() const { return flags >> 1; }
  static uint8_t flags_of_hold(uint8_t seconds) { return static_cast<uint8_t>(seconds << 1); }

  // Its outside end, protocol and state are those of a flow's end.
  void begin_with(const FlowEnd<F>& outside_end) {
    static_assert(offsetof(Connection, outside) == 0 &&
                  offsetof(Connection, protocol) == sizeof(End<F>) &&
                  offsetof(Connection, state) == offsetof(Connection, protocol) + 1);
    std::memcpy(static_cast<void*>(this), &outside_end, sizeof outside_end);
  }
  // Whether it is one of this outside end, and in its usual state.
  bool is_usual(const FlowEnd<F>& outside_end) const {
    FlowEnd<F> first;
    std::memcpy(&first, this, sizeof first);
    return first.key() == outside_end.key();
  }

  // Whether the end that a packet from outside, or from inside, names besides is its own. Of a
  // flow's end in one word.
  bool has_virtual_end(const End<F>& end) const { return virtual_end == end; }
  bool has_virtual_end(const FlowEnd<F>& end) const {
    return has_at(offsetof(Connection, virtual_end), end);
  }
  bool has_inside(const End<F>& end) const { return inside == end; }
  bool has_inside(const FlowEnd<F>& end) const { return has_at(offsetof(Connection, inside), end); }

  uint32_t service;  // slot of the service
  uint32_t server;   // slot of the real server, director-wide

  // Connections of the same outside end hang on one another; the first of them stands in the
  // bucket.
  EntryIndex sibling_next;
  EntryIndex sibling_previous;
  EntryIndex overflow_next;  // next first-of-its-end of a bucket that is full

  Tick stamp;  // when the last packet came
  EntryIndex timer_next;
  EntryIndex timer_previous;  // or the slot, see TimerWheel

  NextHop next_hop_inside;   // towards the real server
  NextHop next_hop_outside;  // towards the client

 private:
  // Whether the end that lies there is the same, whatever follows on either.
  bool has_at(size_t offset, const FlowEnd<F>& end) const {
    typename F::EndKey own;
    std::memcpy(&own, reinterpret_cast<const char*>(this) + offset, sizeof own);
    return F::is_same_end(own, end.key());
  }
};
static_assert(sizeof(Connection<V4>) == 64);

}  // namespace lb
