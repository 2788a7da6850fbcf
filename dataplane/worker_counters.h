// What one worker counts besides its servers' traffic. Written by the worker, read by anybody.
#pragma once

#include <array>

#include "lb/drop_reason.h"
#include "lb/live.h"

namespace dataplane {

struct WorkerCounters {
  lb::Counter<uint64_t> packets;      // received
  lb::Counter<uint64_t> consumed;     // done with: ARP, ping, what was sent on in other pieces
  lb::Counter<uint64_t> answers;      // made by the director: ARP, ICMP, RST
  lb::Counter<uint64_t> fragments;    // sent in place of packets that did not fit or came so
  lb::Counter<uint64_t> suppressed;   // answers not given, to keep their rate
  lb::Counter<uint64_t> connections;  // live entries
  lb::Counter<uint64_t> reclaimed;    // connections taken back for newer ones
  lb::Counter<uint64_t>
      busy_cycles;  // of the time-stamp counter, in turns of the loop with packets
  lb::Counter<uint64_t> total_cycles;
  std::array<lb::Counter<uint64_t>, lb::kDropReasons> drops;

  void drop(lb::DropReason reason, uint64_t count = 1) {
    drops[static_cast<size_t>(reason)].add(count);
  }
};

}  // namespace dataplane
