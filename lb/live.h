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
  void subtract(T n) { add(static_cast<T>(0) - n); }
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

// Of one real server at one worker. Bytes are those of IP packets, headers included.
struct alignas(64) Traffic {
  Counter<uint64_t> connections;
  Counter<uint64_t> packets_in;
  Counter<uint64_t> packets_out;
  Counter<uint64_t> bytes_in;
  Counter<uint64_t> bytes_out;
};

}  // namespace lb
