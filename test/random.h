// Numbers that follow from a seed, the same on every machine, which
// std::uniform_int_distribution does not promise.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

namespace shared_test {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t next() { return engine_(); }
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(engine_() % limit); }
  bool one_in(uint32_t n) { return below(n) == 0; }
  bool chance(uint32_t percent) { return below(100) < percent; }
  template <class All>
  auto& of(All& all) {
    return all[below(static_cast<uint32_t>(std::size(all)))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace shared_test
