// What the tests of this room share: memory as the director gives it, numbers, ends of flows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>

#include "lb/connection_table.h"
#include "test/random.h"

namespace lb_test {

// Zeroed memory aligned to a cache line.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {
    const size_t whole = (bytes + 63) / 64 * 64;
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(64, whole)));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, whole);
  }
  std::span<std::byte> span() { return {data_.get(), bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  size_t bytes_;
  std::unique_ptr<std::byte, Free> data_;
};

// A pool of so many entries, with its memory.
class Pool {
 public:
  explicit Pool(uint32_t entries)
      : memory_(lb::ConnectionPool<lb::V4>::bytes_for(entries)), pool_(memory_.span()) {}
  lb::ConnectionPool<lb::V4>& operator*() { return pool_; }
  lb::ConnectionPool<lb::V4>* operator->() { return &pool_; }

 private:
  Memory memory_;
  lb::ConnectionPool<lb::V4> pool_;
};

using shared_test::Random;

inline lb::End<lb::V4> end_of(uint32_t address, uint16_t port) {
  return {{lb::Be32(address)}, lb::Be16(port)};
}

inline constexpr lb::HashKey kKey{0x0123456789abcdef, 0xfedcba9876543211};

}  // namespace lb_test
