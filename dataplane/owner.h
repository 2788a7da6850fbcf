// Which worker owns a connection: a function of its outside end alone, which packets of both
// directions carry, so that one entry on one worker serves both.
//
// Where all devices steer (dataplane/steering.h) it is what they compute: Toeplitz over address and
// port under the key 6d5a…, whose period of 16 bits makes the positions of the fields irrelevant
// (Woo and Park, "Scalable TCP Session Monitoring with Symmetric Receive-side Scaling", 2012), and
// their redirection table. Elsewhere it is a part of the keyed hash of the connection table, which
// nobody outside can aim at one worker.
#pragma once

#include <cstdint>

#include "lb/family.h"

namespace dataplane {

using WorkerNumber = uint16_t;

class OwnerFunction {
 public:
  static constexpr uint16_t kToeplitzKey = 0x6d5a;  // the period of the key

  // By the connection table's hash.
  static OwnerFunction keyed(WorkerNumber workers) { return OwnerFunction(workers, 0); }

  // As devices do whose redirection tables, seen modulo `table_size` (a power of two), send entry i
  // to the queue of worker i mod `workers`.
  static OwnerFunction toeplitz(WorkerNumber workers, uint16_t table_size) {
    return OwnerFunction(workers, table_size);
  }

  WorkerNumber workers() const { return workers_; }

  // `hash`: the connection table's, of the outside end and the protocol.
  WorkerNumber operator()(const lb::End<lb::V4>& outside, uint64_t hash) const {
    if (table_size_ != 0) return by_device_hash(toeplitz_of(outside));
    // Bits that neither the bucket number nor the tag uses to tell connections apart.
    return share_of(hash >> 24 & 0xffffff, workers_);
  }

  // The worker whose equal share of all numbers of 24 bits this one falls into.
  static WorkerNumber share_of(uint64_t number, WorkerNumber workers) {
    return static_cast<WorkerNumber>(number * workers >> 24);
  }

  // The low 16 bits of the devices' hash of an address and a port, at whatever position.
  static uint16_t toeplitz_of(const lb::End<lb::V4>& end) {
    const uint32_t address = end.address.bits.value();
    auto rest = static_cast<uint16_t>(address >> 16 ^ address ^ end.port.value());
    uint16_t hash = 0;
    // Toeplitz: every bit of the input, from the highest on, adds the 32 bits of the key from its
    // position on; of a key with a period of 16 these repeat, rotated.
    for (uint16_t window = kToeplitzKey; rest != 0;
         window = static_cast<uint16_t>(window << 1 | window >> 15), rest <<= 1) {
      if ((rest & 0x8000) != 0) hash ^= window;
    }
    return hash;
  }

 private:
  OwnerFunction(WorkerNumber workers, uint16_t table_size)
      : workers_(workers), table_size_(table_size) {}

  WorkerNumber by_device_hash(uint16_t hash) const {
    return static_cast<WorkerNumber>((hash & (table_size_ - 1)) % workers_);
  }

  WorkerNumber workers_;
  uint16_t table_size_;
};

}  // namespace dataplane
