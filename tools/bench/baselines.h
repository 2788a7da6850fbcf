// What the cases are compared with: the least that a forwarder can do, and DPDK's hash table.
#pragma once

#include <rte_hash.h>

#include <array>

#include "tools/bench/counting_io.h"
#include "tools/bench/measure.h"
#include "tools/bench/packets.h"
#include "tools/bench/rotation.h"
#include "tools/bench/world.h"

namespace bench {

// Per packet: reads the mbuf, swaps the Ethernet addresses, hands bursts to transmit, the next
// headers being prefetched meanwhile, as testpmd's macswap does.
class MacSwap final : public Case {
 public:
  MacSwap(Ring& ring, uint16_t burst);
  double sample() override;

 private:
  void prepare();
  void check();
  void swap_all();

  Ring& ring_;
  uint16_t burst_;
  CountingIo io_;
};

// Protocol, both addresses and both ports in the 16 bytes that most load balancers on DPDK use.
struct TupleKey {
  uint32_t client;
  uint32_t virtual_address;
  uint16_t client_port;
  uint16_t virtual_port;
  uint32_t protocol;
};
static_assert(sizeof(TupleKey) == 16);
TupleKey tuple_of(uint32_t flow);

struct FreeHash {
  void operator()(rte_hash* hash) const { rte_hash_free(hash); }
};
using Hash = std::unique_ptr<rte_hash, FreeHash>;

// The keys of so many flows, each with its flow as the value.
class KnownKeys {
 public:
  explicit KnownKeys(uint32_t flows);
  static size_t bytes_for(uint32_t flows);
  const rte_hash* hash() const { return hash_.get(); }
  Rotation& rotation() { return rotation_; }

 private:
  Hash hash_;
  Rotation rotation_;
};

// Per key: lookup, all found, in random order: 32 keys at a time by the bulk call, which
// prefetches, or call by call.
class HashLookup final : public Case {
 public:
  HashLookup(std::shared_ptr<KnownKeys> known, Intake intake);
  double sample() override;

 private:
  static constexpr uint32_t kKeys = 4096;
  uint64_t pass();
  uint64_t look_up_all();

  std::shared_ptr<KnownKeys> known_;
  Intake intake_;
  std::array<TupleKey, kKeys> keys_;
  std::array<const void*, kKeys> pointers_;
  std::array<void*, kKeys> values_;
};

// Per key: a new one, among as many as `capacity`; emptied, unclocked, when nine tenths are taken.
class HashAdd final : public Case {
 public:
  explicit HashAdd(uint32_t capacity);
  double sample() override;

 private:
  static constexpr uint32_t kKeys = 1024;
  uint64_t pass();

  Hash hash_;
  uint32_t capacity_;
  uint32_t next_flow_ = 0;
};

}  // namespace bench
