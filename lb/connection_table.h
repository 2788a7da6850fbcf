// The index of a worker's connections: buckets of one cache line, eight tags and eight entries
// each.
//
// One entry serves both directions of a flow, because the bucket follows from the outside end
// alone, which both directions carry. Connections of the same outside end (one client port open to
// several services) hang on one another as siblings and take one slot; all but the first are found
// by an index of their own. A
// bucket that is full chains further entries, so an insert never fails. The hash is keyed, so
// nobody outside can fill a bucket on purpose.
//
// Cost of a lookup: the bucket's line, then the entry's line; both can be prefetched for a whole
// burst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "lb/connection_pool.h"
#include "lb/sibling_index.h"

namespace lb {

template <class F>
class ConnectionTable {
 public:
  using Entry = Connection<F>;

  // Bytes of buckets for `capacity` connections: a power of two, at most 6 of 8 slots taken on
  // average.
  static size_t bytes_for(uint32_t capacity) { return buckets_for(capacity) * sizeof(Bucket); }

  // `memory` as long as bytes_for, aligned to 64 bytes, outliving the table.
  ConnectionTable(ConnectionPool<F>& pool, std::span<std::byte> memory, HashKey key)
      : pool_(pool),
        buckets_(reinterpret_cast<Bucket*>(memory.data())),
        mask_(memory.size() / sizeof(Bucket) - 1),
        key_(key),
        siblings_(pool, key) {
    for (uint64_t i = 0; i <= mask_; ++i) buckets_[i] = Bucket{};
  }

  uint64_t hash(const End<F>& outside, Protocol protocol) const {
    return F::hash(key_, outside.address, outside.port, protocol);
  }
  // With which F::hash hashes outside ends.
  HashKey key() const { return key_; }

  // Inline wherever it is called: a function without an effect is one that compilers leave out.
  [[gnu::always_inline]] void prefetch(uint64_t hash) const { __builtin_prefetch(&bucket(hash)); }

  // The entry most likely meant, judged by tag, for prefetching. False: there is none, and the
  // candidate is kNoEntry.
  bool find_candidate(uint64_t hash, EntryIndex& candidate) const {
    const Bucket& b = bucket(hash);
    if (const uint32_t hits = matches(b, tag(hash)); hits != 0) [[likely]] {
      candidate = b.entries[__builtin_ctz(hits)];
      return true;
    }
    candidate = b.overflow;
    return candidate != kNoEntry;
  }

  // Whether an entry of a table is the connection of these ends, and in its usual state.
  static bool is_usual(const Entry& entry, Direction direction, const FlowEnd<F>& outside,
                       const FlowEnd<F>& other) {
    return entry.is_usual(outside) && is_meant(entry, direction, other);
  }

  // How many entries have been removed so far: while it stays, a candidate is in the table.
  uint64_t removals() const { return removals_; }

  EntryIndex find(uint64_t hash, Direction direction, const End<F>& outside, const End<F>& other,
                  Protocol protocol) const {
    return find_among(find_first(hash, outside, protocol), direction, other);
  }

  // The same among those of an outside end, given the first of them.
  EntryIndex find_among(EntryIndex first, Direction direction, const End<F>& other) const {
    if (first == kNoEntry || is_meant(pool_[first], direction, other)) return first;
    const Entry& entry = pool_[first];
    if (entry.sibling_next == kNoEntry) return kNoEntry;
    return siblings_.find(
        entry.outside, entry.protocol, direction, other,
        [&](const Entry& sibling) { return is_meant(sibling, direction, other); });
  }

  // The first of the connections with this outside end; the others follow by sibling_next.
  EntryIndex find_first(uint64_t hash, const End<F>& outside, Protocol protocol) const {
    const Bucket& b = bucket(hash);
    for (uint32_t hits = matches(b, tag(hash)); hits != 0; hits &= hits - 1) {
      const EntryIndex index = b.entries[__builtin_ctz(hits)];
      if (is_of(pool_[index], outside, protocol)) return index;
    }
    for (EntryIndex i = b.overflow; i != kNoEntry; i = pool_[i].overflow_next) {
      if (is_of(pool_[i], outside, protocol)) return i;
    }
    return kNoEntry;
  }

  // Precondition: the entry's ends and protocol are set and it is in no table.
  void insert(EntryIndex index) {
    const Entry& entry = pool_[index];
    const uint64_t h = hash(entry.outside, entry.protocol);
    insert(index, h, find_first(h, entry.outside, entry.protocol));
  }
  // `h`: the hash of its outside end; `first`: what find_first finds of that.
  void insert(EntryIndex index, uint64_t h, EntryIndex first) {
    Entry& entry = pool_[index];
    entry.sibling_previous = kNoEntry;
    entry.sibling_next = kNoEntry;
    set_overflow_next(entry.overflow_next, kNoEntry);
    ++size_;
    if (first != kNoEntry) {
      link_sibling(first, index);
      return;
    }
    Bucket& b = bucket(h);
    if (const uint32_t free = matches(b, 0); free != 0) {
      const int slot = __builtin_ctz(free);
      b.tags[slot] = tag(h);
      b.entries[slot] = index;
      return;
    }
    set_overflow_next(entry.overflow_next, b.overflow);
    b.overflow = index;
  }

  // Precondition: the entry is in this table.
  void remove(EntryIndex index) {
    --size_;
    ++removals_;
    Entry& entry = pool_[index];
    const EntryIndex next = entry.sibling_next;
    if (entry.sibling_previous != kNoEntry) {
      siblings_.remove(index);
      if (next != kNoEntry) pool_[next].sibling_previous = entry.sibling_previous;
      pool_[entry.sibling_previous].sibling_next = next;
      return;
    }
    if (next != kNoEntry) {
      siblings_.remove(next);  // the first from now on
      pool_[next].sibling_previous = kNoEntry;
    }
    replace_first(index, next);
  }

  uint64_t size() const { return size_; }
  uint64_t buckets() const { return mask_ + 1; }

  // Calls visit(entry) for every connection of one bucket.
  template <class Visit>
  void visit_bucket(uint64_t number, Visit visit) const {
    const Bucket& b = buckets_[number];
    for (uint32_t slot = 0; slot < Bucket::kSlots; ++slot) {
      if (b.tags[slot] != 0) visit_siblings(b.entries[slot], visit);
    }
    for (EntryIndex i = b.overflow; i != kNoEntry; i = pool_[i].overflow_next) {
      visit_siblings(i, visit);
    }
  }

 private:
  struct alignas(64) Bucket {
    static constexpr uint32_t kSlots = 8;
    uint16_t tags[kSlots] = {};  // 0: free
    EntryIndex entries[kSlots] = {};
    EntryIndex overflow = kNoEntry;
  };
  static_assert(sizeof(Bucket) == 64);

  static uint64_t buckets_for(uint32_t capacity) {
    uint64_t buckets = 1;
    while (buckets * 6 < capacity) buckets *= 2;
    return buckets;
  }

  // Tag and bucket number come from different bits, so a tag tells apart what a bucket shares.
  static uint16_t tag(uint64_t hash) { return static_cast<uint16_t>(hash >> 48 | 1); }
  Bucket& bucket(uint64_t hash) const { return buckets_[hash & mask_]; }

  static uint32_t matches(const Bucket& b, uint16_t tag) {
#if defined(__SSE2__)
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(b.tags));
    const __m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16(static_cast<short>(tag)));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
#else
    uint32_t hits = 0;
    for (uint32_t slot = 0; slot < Bucket::kSlots; ++slot) hits |= (b.tags[slot] == tag) << slot;
    return hits;
#endif
  }

  // From inside only where the method brings replies back: a DR server that talks to the same
  // client with its own address has a flow of its own.
  // `Other`: an End or a FlowEnd.
  template <class Other>
  static bool is_meant(const Entry& entry, Direction direction, const Other& other) {
    if (direction == Direction::kInbound) return entry.has_virtual_end(other);
    return entry.has_inside(other) && entry.replies_seen;
  }

  static bool is_of(const Entry& entry, const End<F>& outside, Protocol protocol) {
    return entry.outside == outside && entry.protocol == protocol;
  }

  void link_sibling(EntryIndex first, EntryIndex index) {
    const EntryIndex second = pool_[first].sibling_next;
    pool_[index].sibling_previous = first;
    pool_[index].sibling_next = second;
    pool_[first].sibling_next = index;
    if (second != kNoEntry) pool_[second].sibling_previous = index;
    siblings_.insert(index);
  }

  // Puts `next`, which may be kNoEntry, where `index` stands as the first of its end.
  void replace_first(EntryIndex index, EntryIndex next) {
    const Entry& entry = pool_[index];
    Bucket& b = bucket(hash(entry.outside, entry.protocol));
    for (uint32_t slot = 0; slot < Bucket::kSlots; ++slot) {
      if (b.tags[slot] == 0 || b.entries[slot] != index) continue;
      if (next != kNoEntry) {
        b.entries[slot] = next;
        set_overflow_next(pool_[next].overflow_next, kNoEntry);
      } else {
        refill(b, slot);
      }
      return;
    }
    for (EntryIndex* link = &b.overflow; *link != kNoEntry; link = &pool_[*link].overflow_next) {
      if (*link != index) continue;
      if (next != kNoEntry) {
        set_overflow_next(pool_[next].overflow_next, entry.overflow_next);
        set_overflow_next(*link, next);
      } else {
        set_overflow_next(*link, entry.overflow_next);
      }
      return;
    }
  }

  // A freed slot takes over the head of the overflow chain, so that chains shrink again.
  void refill(Bucket& b, uint32_t slot) {
    if (b.overflow == kNoEntry) {
      b.tags[slot] = 0;
      return;
    }
    const EntryIndex index = b.overflow;
    Entry& entry = pool_[index];
    b.overflow = entry.overflow_next;
    set_overflow_next(entry.overflow_next, kNoEntry);
    b.tags[slot] = tag(hash(entry.outside, entry.protocol));
    b.entries[slot] = index;
  }

  template <class Visit>
  void visit_siblings(EntryIndex first, Visit visit) const {
    for (EntryIndex i = first; i != kNoEntry; i = pool_[i].sibling_next) {
      visit(static_cast<const Entry&>(pool_[i]));
    }
  }

  ConnectionPool<F>& pool_;
  Bucket* buckets_;
  uint64_t mask_;
  HashKey key_;
  SiblingIndex<F> siblings_;  // of what is not the first of its outside end
  uint64_t size_ = 0;
  uint64_t removals_ = 0;
};

}  // namespace lb
