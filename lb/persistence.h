// Which server each client of a persistent service holds to, and until when: LVS's connection
// templates. One table for all workers, of a size that is fixed at the start.
//
// Workers that see the first connections of one client at the same time agree on one server, and
// none ever waits for another: an entry changes as a whole, by one exchange of 128 bits. A new
// client is entered in two steps. It is proposed, by which nobody is led yet, then settled if a
// second look finds its bucket free of others for that client; a proposal that is in the way of
// another is struck out, and what was struck out cannot be settled. So of two that propose at once,
// whatever their order, at most one settles, and the other finds what that has settled.
//
// Cost: one cache line per new connection of a persistent service. Weakness: where a bucket is
// full, the client whose hold ends first loses it, which is counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lb/hash.h"
#include "lb/tick.h"

namespace lb {

class Persistence {
 public:
  struct Hold {
    uint64_t client;  // F::client_key, e.g. V4's
    uint32_t server;  // slot
    Tick ends;
    bool assured;  // one of the client's connections has been established
  };
  static constexpr uint32_t kMostServers = 1u << 30;

  // With so many clients, buckets are half full on average.
  static size_t bytes_for(uint32_t clients);

  // `memory` is as long as bytes_for says, aligned to 64 bytes, all zeroes, and outlives this.
  Persistence(std::span<std::byte> memory, HashKey key);

  // The server that a client holds to. Clients are never 0. Any thread, as all that follows.
  std::optional<uint32_t> find(uint64_t client, Tick now) const;

  // A client that holds to a server goes on to, until `ends` at least. False: it no longer does.
  bool renew(uint64_t client, uint32_t server, Tick now, Tick ends);

  // Makes a client hold to `server`, unless it holds to one already that is not `unfit`. Returns
  // the one that it holds to.
  uint32_t agree(uint64_t client, uint32_t server, std::optional<uint32_t> unfit, Tick now,
                 Tick ends);

  // A connection to a server goes on, so the client's hold to that one does, too.
  void prolong(uint64_t client, uint32_t server, Tick ends, bool assured);

  // Calls visit(hold) for every client, those included whose time is over.
  template <class Visit>
  void visit(Visit visit) const {
    for (size_t i = 0; i < buckets_.size(); ++i) {
      for (const Entry& entry : buckets_[i].entries) {
        const Seen seen = read(entry);
        if (seen.client != 0 && !is_proposal(seen) && seen == read(entry)) visit(hold_of(seen));
      }
    }
  }

  size_t capacity() const { return buckets_.size() * kEntries; }
  // Holds that ended before their time, for want of room.
  uint64_t displaced() const { return displaced_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kEntries = 4;
  // The value: when it ends, whether it is a proposal, whether it is assured, the server.
  static constexpr uint64_t kProposal = uint64_t{1} << 31;
  static constexpr uint64_t kAssured = uint64_t{1} << 30;
  struct alignas(16) Entry {
    uint64_t client = 0;  // 0: free
    uint64_t value = 0;
  };
  struct alignas(64) Bucket {
    Entry entries[kEntries];
  };
  // An entry as it was read. The halves may be of different times, so only an exchange that
  // succeeds proves that they were one.
  struct Seen {
    uint64_t client = 0;
    uint64_t value = 0;
    bool operator==(const Seen&) const = default;
  };

  static uint64_t value_of(uint32_t server, Tick ends) { return uint64_t{ends} << 32 | server; }
  static uint32_t server_of(const Seen& seen) {
    return static_cast<uint32_t>(seen.value) & (kMostServers - 1);
  }
  static Tick end_of(const Seen& seen) { return static_cast<Tick>(seen.value >> 32); }
  static bool is_proposal(const Seen& seen) { return (seen.value & kProposal) != 0; }
  static Hold hold_of(const Seen& seen) {
    return {seen.client, server_of(seen), end_of(seen), (seen.value & kAssured) != 0};
  }

  static Seen read(const Entry& entry);
  static bool exchange(Entry& entry, const Seen& expected, const Seen& wanted);
  Bucket& bucket(uint64_t client) const {
    return buckets_[mix(key_, client) & (buckets_.size() - 1)];
  }
  static Entry* settled(Bucket& bucket, uint64_t client, Seen& seen);
  static Entry* proposed(Bucket& bucket, uint64_t client, Seen& seen);
  static Entry& first_to_end(Bucket& bucket, Seen& seen);
  static bool settle(Bucket& bucket, Entry& own, const Seen& proposal);

  std::span<Bucket> buckets_;
  HashKey key_;
  std::atomic<uint64_t> displaced_{0};
};

}  // namespace lb
