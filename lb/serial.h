// Tells apart what looks alike.
#pragma once

#include <atomic>
#include <cstdint>

namespace lb {

// A number that no other has, never 0, and larger than those before: an address may come again. A
// copy has one of its own.
class Serial {
 public:
  Serial() : number_(next()) {}
  Serial(const Serial&) : Serial() {}
  Serial& operator=(const Serial&) { return *this; }
  uint64_t number() const { return number_; }

 private:
  static uint64_t next() {
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  uint64_t number_;
};

}  // namespace lb
