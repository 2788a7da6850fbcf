// What outlives every configuration snapshot: a real server's live counts and traffic. One worker
// writes its own copy, everybody may read all copies; a figure for people is the sum over workers.
#pragma once

#include <atomic>
#include <cstdint>

namespace lb {

// Written by one thread, read by any: no lock prefix, no torn value.
template <class T>
class Counter {
 public:
  void add(T n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(T n) { value_.store(n, std::memory_order_relaxed); }
  T reader_get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_{0};
};

// What least-connection schedulers compare.
struct Load {
  Counter<uint32_t> active;
  Counter<uint32_t> inactive;
};
static_assert(sizeof(Load) == 8);

// How often one worker has changed the loads of a block of slots, so that what was made of them is
// known to hold still. It would take exactly 2^32 changes between two looks to deceive anybody.
class LoadChanges {
 public:
  static constexpr uint32_t kBlock = 64;

  // After the change.
  void writer_note() {
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  // Before a look at the loads: a change that is not counted here is counted later.
  uint32_t reader_get() const { return count_.load(std::memory_order_acquire); }

 private:
  std::atomic<uint32_t> count_{0};
};

// Of one real server at one worker. Bytes are those of IP packets, headers included.
struct alignas(64) Traffic {
  Counter<uint64_t> connections;
  Counter<uint64_t> packets_in;
  Counter<uint64_t> packets_out;
  Counter<uint64_t> bytes_in;
  Counter<uint64_t> bytes_out;
};

}  // namespace lb
