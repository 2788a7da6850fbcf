// What one worker counts besides its servers' traffic. Written by the worker, read by anybody.
#pragma once

#include <array>

#include "lb/drop_reason.h"
#include "lb/live.h"

namespace dataplane {

// Why packets go to another worker.
enum class HandoverReason : uint8_t {
  kOwner,     // it owns the connection
  kFragment,  // it puts the datagram together, or owns what a whole one belongs to
  kIcmp,      // an ICMP message about its connection
  kTransmit,  // it has a queue of the link
  kCount,
};
inline constexpr size_t kHandoverReasons = static_cast<size_t>(HandoverReason::kCount);
inline constexpr std::array<const char*, kHandoverReasons> kHandoverReasonNames{"owner", "fragment",
                                                                                "icmp", "transmit"};

struct WorkerCounters {
  lb::Counter<uint64_t> packets;      // received by the worker's own queues
  lb::Counter<uint64_t> consumed;     // done with: ARP, ping, what was sent on in other pieces
  lb::Counter<uint64_t> answers;      // made by the director: ARP, ICMP, RST
  lb::Counter<uint64_t> to_kernel;    // copied to the kernel's twin of their link, and done with
  lb::Counter<uint64_t> from_kernel;  // sent for the kernel
  lb::Counter<uint64_t> fragments;    // sent in place of packets that did not fit or came so
  lb::Counter<uint64_t> suppressed;   // answers not given, to keep their rate
  lb::Counter<uint64_t> events_unreported;  // to the control thread, to keep theirs
  lb::Counter<uint64_t> connections;        // live entries
  lb::Counter<uint64_t> reclaimed;          // connections taken back for newer ones
  lb::Counter<uint64_t>
      busy_cycles;  // of the time-stamp counter, in turns of the loop with packets
  lb::Counter<uint64_t> total_cycles;
  lb::Counter<uint64_t> taken_over;  // packets that other workers handed over
  // The most packets that waited in a ring to another worker over the last second.
  lb::Counter<uint64_t> fullest_ring;
  std::array<lb::Counter<uint64_t>, kHandoverReasons> handed_over;
  std::array<lb::Counter<uint64_t>, lb::kDropReasons> drops;

  void drop(lb::DropReason reason, uint64_t count = 1) {
    drops[static_cast<size_t>(reason)].add(count);
  }
  void hand_over(HandoverReason reason, uint64_t count = 1) {
    handed_over[static_cast<size_t>(reason)].add(count);
  }
};

}  // namespace dataplane
