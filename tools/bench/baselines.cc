#include "tools/bench/baselines.h"

#include <rte_hash_crc.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <numeric>

namespace bench {
namespace {

using dataplane::EthernetHeader;
using dataplane::view;

constexpr Frame kToBeSwapped{
    {{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, {}, {}, lb::Protocol::kUdp};

// A quarter more slots than keys: fuller, its cuckoo search may fail to place one.
uint32_t slots_for(uint32_t keys) { return keys + keys / 4 + 64; }

Hash make_hash(uint32_t keys) {
  static int made = 0;
  const std::string name = "bench" + std::to_string(made++);
  rte_hash_parameters parameters{};
  parameters.name = name.c_str();
  parameters.entries = slots_for(keys);
  parameters.key_len = sizeof(TupleKey);
  parameters.hash_func = rte_hash_crc;
  parameters.socket_id = static_cast<int>(rte_socket_id());
  Hash hash(rte_hash_create(&parameters));
  if (hash == nullptr)
    throw Failure("no memory for an rte_hash of " + std::to_string(keys) + " keys");
  return hash;
}

void* value_of(uint32_t flow) { return reinterpret_cast<void*>(uintptr_t{flow} + 1); }

void add(rte_hash* hash, const TupleKey& key, uint32_t flow) {
  if (rte_hash_add_key_data(hash, &key, value_of(flow)) != 0) throw Failure("rte_hash took no key");
}

std::vector<uint32_t> up_to(uint32_t flows) {
  std::vector<uint32_t> result(flows);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

}  // namespace

MacSwap::MacSwap(Ring& ring, uint16_t burst) : ring_(ring), burst_(burst) {}

double MacSwap::sample() {
  constexpr uint32_t kPackets = 4096;
  const uint32_t passes = std::max(1u, kPackets / ring_.size());
  prepare();
  swap_all();
  check();
  // What has been swapped can be swapped again: no need to stop the clock between passes.
  const uint64_t cycles = time_of([&] {
    for (uint32_t i = 0; i < passes; ++i) swap_all();
  });
  if (io_.take_sent() != (passes + 1) * ring_.size())
    throw Failure("the MAC swap did not send all");
  return nanoseconds(cycles) / (passes * ring_.size());
}

void MacSwap::prepare() {
  for (rte_mbuf* mbuf : ring_.mbufs()) write(mbuf, kToBeSwapped);
}

void MacSwap::check() {
  for (const rte_mbuf* mbuf : ring_.mbufs()) {
    const auto& header = view<EthernetHeader>(rte_pktmbuf_mtod(mbuf, const uint8_t*));
    if (header.source != kToBeSwapped.mac_destination ||
        header.destination != kToBeSwapped.mac_source) {
      throw Failure("the MAC swap did not swap");
    }
  }
}

void MacSwap::swap_all() {
  constexpr size_t kAhead = 4;
  dataplane::Io& io = io_;
  const std::span<rte_mbuf*> all = ring_.mbufs();
  for (size_t begin = 0; begin < all.size(); begin += burst_) {
    const auto packets = all.subspan(begin, std::min<size_t>(burst_, all.size() - begin));
    for (size_t i = 0; i < packets.size(); ++i) {
      if (i + kAhead < packets.size()) {
        rte_prefetch0(rte_pktmbuf_mtod(packets[i + kAhead], void*));
      }
      auto& header = view<EthernetHeader>(rte_pktmbuf_mtod(packets[i], uint8_t*));
      std::swap(header.source, header.destination);
    }
    io.transmit(0, packets.data(), static_cast<uint16_t>(packets.size()));
  }
}

TupleKey tuple_of(uint32_t flow) {
  return {0x64400000 + flow / 16, 0xc6120000, static_cast<uint16_t>(1024 + flow % 16 * 4001), 80,
          6};
}

KnownKeys::KnownKeys(uint32_t flows) : hash_(make_hash(flows)), rotation_(up_to(flows), 2) {
  for (uint32_t flow = 0; flow < flows; ++flow) add(hash_.get(), tuple_of(flow), flow);
}

size_t KnownKeys::bytes_for(uint32_t flows) {
  // Per slot: a key with its value, a share of a bucket, a place in the ring of free ones, each
  // rounded up to powers of two.
  return size_t{slots_for(flows)} * 96;
}

HashLookup::HashLookup(std::shared_ptr<KnownKeys> known, Intake intake)
    : known_(std::move(known)), intake_(intake) {}

double HashLookup::sample() {
  for (uint32_t i = warm_up_passes(known_->rotation().size(), kKeys); i > 0; --i) pass();
  return nanoseconds(pass()) / kKeys;
}

// How many were found.
uint64_t HashLookup::look_up_all() {
  constexpr uint32_t kBulk = 32;
  const rte_hash* hash = known_->hash();
  uint64_t found = 0;
  if (intake_ == Intake::kOneByOne) {
    for (uint32_t i = 0; i < kKeys; ++i) {
      if (rte_hash_lookup_data(hash, pointers_[i], &values_[i]) >= 0) ++found;
    }
    return found;
  }
  for (uint32_t i = 0; i < kKeys; i += kBulk) {
    uint64_t hits = 0;
    rte_hash_lookup_bulk_data(hash, &pointers_[i], kBulk, &hits, &values_[i]);
    found += static_cast<uint64_t>(__builtin_popcountll(hits));
  }
  return found;
}

uint64_t HashLookup::pass() {
  const std::vector<uint32_t> flows = known_->rotation().next(kKeys);
  for (uint32_t i = 0; i < kKeys; ++i) {
    keys_[i] = tuple_of(flows[i]);
    pointers_[i] = &keys_[i];
  }
  uint64_t found = 0;
  const uint64_t cycles = time_of([&] { found = look_up_all(); });
  if (found != kKeys) throw Failure("rte_hash did not find all");
  for (uint32_t i = 0; i < kKeys; ++i) {
    if (values_[i] != value_of(flows[i])) throw Failure("rte_hash found another key's value");
  }
  return cycles;
}

HashAdd::HashAdd(uint32_t capacity) : hash_(make_hash(capacity)), capacity_(capacity) {}

double HashAdd::sample() {
  if (next_flow_ + 2 * kKeys > capacity_ / 10 * 9) {
    rte_hash_reset(hash_.get());
    next_flow_ = 0;
  }
  pass();
  return nanoseconds(pass()) / kKeys;
}

uint64_t HashAdd::pass() {
  std::array<TupleKey, kKeys> keys;
  for (uint32_t i = 0; i < kKeys; ++i) keys[i] = tuple_of(next_flow_ + i);
  const uint64_t cycles = time_of([&] {
    for (uint32_t i = 0; i < kKeys; ++i) add(hash_.get(), keys[i], next_flow_ + i);
  });
  next_flow_ += kKeys;
  return cycles;
}

}  // namespace bench
