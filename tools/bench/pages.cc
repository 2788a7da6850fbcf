#include "tools/bench/pages.h"

#include <rte_cycles.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "dataplane/memory.h"
#include "tools/bench/packets.h"

namespace bench {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kPage = 4096;
// More pages than a first-level TLB holds, and no more lines than a first-level cache.
constexpr size_t kPointers = 256;

// Lines that refer to one another in a circle, in random order.
class Circle {
 public:
  // `place`: where a line lies in the memory, bytes.
  template <class Place>
  Circle(std::span<std::byte> memory, Place place) {
    std::vector<size_t> order(kPointers);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    const auto line = [&](size_t i) {
      return reinterpret_cast<void**>(&memory[place(order[i % kPointers])]);
    };
    for (size_t i = 0; i < kPointers; ++i) *line(i) = line(i + 1);
    at_ = line(0);
  }
  // Once round: cycles.
  uint64_t go_round() {
    const uint64_t start = rte_rdtsc_precise();
    for (size_t i = 0; i < kPointers; ++i) at_ = *static_cast<void* volatile*>(at_);
    return rte_rdtsc_precise() - start;
  }

 private:
  void* at_;
};

}  // namespace

double page_step() {
  // Two pages to a line, whose place in them moves on, so that the cache's sets are filled evenly.
  const auto memory = dataplane::Memory::take(2 * kPointers * kPage, "measure of the pages");
  if (!memory) throw Failure(memory.error());
  const auto apart = [](size_t i) { return 2 * i * kPage + i * kLine % kPage; };
  const auto together = [](size_t i) { return i * kLine; };
  const auto fastest = [&](auto place) {
    constexpr int kRounds = 100;
    Circle circle(memory->bytes(), place);
    uint64_t best = std::numeric_limits<uint64_t>::max();
    for (int i = 0; i < kRounds; ++i) best = std::min(best, circle.go_round());
    return static_cast<double>(best);
  };
  return fastest(apart) / fastest(together);
}

}  // namespace bench
