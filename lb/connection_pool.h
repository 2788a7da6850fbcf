// The director's entries, shared by all workers. A worker takes and gives them in chunks, one
// atomic each, so that the capacity is the director's and not a share per worker.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lb/connection.h"

namespace lb {

// The only way to write an entry's overflow_next, for its owner too: a worker that is about to lose
// the race for a chunk may read it at the same time (see take_chunk).
inline void set_overflow_next(EntryIndex& link, EntryIndex next) {
  std::atomic_ref(link).store(next, std::memory_order_relaxed);
}

template <class F>
class ConnectionPool {
 public:
  using Entry = Connection<F>;
  static constexpr uint32_t kChunk = 32;

  // Entries needed so that `capacity` connections always find room: every worker but one may hold
  // up to two chunks that nobody else can use.
  static uint32_t entries_for(uint32_t capacity, uint32_t workers) {
    return capacity + (workers - 1) * 2 * kChunk;
  }
  static size_t bytes_for(uint32_t entries) { return size_t{entries} * sizeof(Entry); }

  // `memory` holds the entries, is aligned to 64 bytes and outlives the pool.
  explicit ConnectionPool(std::span<std::byte> memory)
      : entries_(reinterpret_cast<Entry*>(memory.data())),
        size_(static_cast<uint32_t>(memory.size() / sizeof(Entry))) {
    // Chunks are stacked last to first so that the lowest entries are used first.
    for (uint32_t begin = (size_ - 1) / kChunk * kChunk + kChunk; begin >= kChunk;
         begin -= kChunk) {
      const uint32_t first = begin - kChunk;
      const uint32_t end = std::min(begin, size_);
      for (uint32_t i = first; i < end; ++i) {
        entries_[i].sibling_next = i + 1 < end ? i + 1 : kNoEntry;
      }
      give_chunk(first, end - first);
    }
  }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  uint32_t size() const { return size_; }
  Entry& operator[](EntryIndex index) { return entries_[index]; }
  const Entry& operator[](EntryIndex index) const { return entries_[index]; }
  Entry* entries() { return entries_; }
  EntryIndex index_of(const Entry& entry) const {
    return static_cast<EntryIndex>(&entry - entries_);
  }

  // A list of free entries linked by sibling_next, or kNoEntry. Any thread.
  EntryIndex take_chunk() {
    uint64_t head = head_.load(std::memory_order_acquire);
    while (index_of(head) != kNoEntry) {
      // An entry that another worker has meanwhile taken may be read here; the tag makes the
      // exchange fail then.
      EntryIndex& link = entries_[index_of(head)].overflow_next;
      const EntryIndex next = std::atomic_ref(link).load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, pack(next, tag_of(head) + 1),
                                      std::memory_order_acquire)) {
        return index_of(head);
      }
    }
    return kNoEntry;
  }

  // Whether there is a list to be taken, at this moment. Any thread.
  bool has_chunk() const { return index_of(head_.load(std::memory_order_relaxed)) != kNoEntry; }

  // How many entries a list that has just been taken has.
  uint32_t length_of(EntryIndex first) const { return entries_[first].sibling_previous; }

  // A worker finds nothing, not even among its own entries, or soon will: whoever can spare some,
  // see Connections::share, gives them. Any thread.
  enum class Need : uint8_t { kNone, kSoon, kNow };
  void want(Need need) {
    if (this->need() < need) need_.store(need, std::memory_order_relaxed);
  }
  Need need() const { return need_.load(std::memory_order_relaxed); }
  void satisfy() { need_.store(Need::kNone, std::memory_order_relaxed); }

  // Gives back a list as take_chunk returns it. Any thread.
  void give_chunk(EntryIndex first, uint32_t length) {
    entries_[first].sibling_previous = length;
    uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      set_overflow_next(entries_[first].overflow_next, index_of(head));
    } while (!head_.compare_exchange_weak(head, pack(first, tag_of(head) + 1),
                                          std::memory_order_release, std::memory_order_relaxed));
  }

 private:
  // The head carries a tag that counts exchanges: a Treiber stack without the ABA fault.
  static uint64_t pack(EntryIndex index, uint32_t tag) { return uint64_t{tag} << 32 | index; }
  static EntryIndex index_of(uint64_t head) { return static_cast<EntryIndex>(head); }
  static uint32_t tag_of(uint64_t head) { return static_cast<uint32_t>(head >> 32); }

  Entry* entries_;
  uint32_t size_;
  std::atomic<Need> need_{Need::kNone};
  // Workers that take and give write it; what stands above is read for every packet.
  alignas(64) std::atomic<uint64_t> head_{kNoEntry};
};

// A worker's hand in the pool.
template <class F>
class EntryCache {
 public:
  explicit EntryCache(ConnectionPool<F>& pool) : pool_(pool) {}

  // kNoEntry when the whole director has none left.
  EntryIndex take() { return first_ != kNoEntry || refill() ? take_first() : kNoEntry; }
  // The same of what it holds already.
  EntryIndex take_own() { return first_ != kNoEntry ? take_first() : kNoEntry; }

  // Takes some of the pool. False: there are none. Precondition: it holds none.
  bool refill() {
    first_ = pool_.take_chunk();
    if (first_ == kNoEntry) return false;
    count_ = pool_.length_of(first_);
    return true;
  }
  bool has_any() const { return first_ != kNoEntry || pool_.has_chunk(); }
  // How many it holds itself.
  uint32_t held() const { return count_; }

  // Gives all that it holds to the other workers. Returns whether that was any.
  bool give_all() {
    if (first_ == kNoEntry) return false;
    pool_.give_chunk(first_, count_);
    first_ = kNoEntry;
    count_ = 0;
    return true;
  }

  void give(EntryIndex index) {
    pool_[index].sibling_next = first_;
    first_ = index;
    if (++count_ >= 2 * ConnectionPool<F>::kChunk) give_back_chunk();
  }

 private:
  EntryIndex take_first() {
    const EntryIndex index = first_;
    first_ = pool_[index].sibling_next;
    --count_;
    // Free entries have gone cold. The next one comes meanwhile.
    if (first_ != kNoEntry) __builtin_prefetch(&pool_[first_]);
    return index;
  }

  void give_back_chunk() {
    EntryIndex last = first_;
    for (uint32_t i = 1; i < ConnectionPool<F>::kChunk; ++i) last = pool_[last].sibling_next;
    const EntryIndex rest = pool_[last].sibling_next;
    pool_[last].sibling_next = kNoEntry;
    pool_.give_chunk(first_, ConnectionPool<F>::kChunk);
    first_ = rest;
    count_ -= ConnectionPool<F>::kChunk;
  }

  ConnectionPool<F>& pool_;
  EntryIndex first_ = kNoEntry;
  uint32_t count_ = 0;
};

}  // namespace lb
