// The next occupied slot, against a search one by one.
#include "lb/occupied_slots.h"

#include <catch2/catch.hpp>
#include <set>

#include "test/lb/support.h"

namespace {

constexpr uint32_t kSlots = 16384;

std::optional<uint32_t> next_of(const std::set<uint32_t>& model, uint32_t start) {
  if (model.empty()) return std::nullopt;
  const auto found = model.lower_bound(start);
  return found == model.end() ? *model.begin() : *found;
}

}  // namespace

TEST_CASE("among no occupied slots there is no next one") {
  lb::OccupiedSlots<kSlots> slots;
  CHECK_FALSE(slots.next_from(0));
  slots.set(4096);
  slots.clear(4096);
  CHECK_FALSE(slots.next_from(4095));
}

TEST_CASE("a single slot is the next one from everywhere, round the end too") {
  for (const uint32_t slot : {0u, 1u, 63u, 64u, 4095u, 4096u, 8191u, 16320u, 16383u}) {
    lb::OccupiedSlots<kSlots> slots;
    slots.set(slot);
    for (uint32_t start = 0; start < kSlots; ++start) REQUIRE(slots.next_from(start) == slot);
  }
}

TEST_CASE("the next occupied slot is that of a sorted set, for random slots") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    lb_test::Random random(seed);
    lb::OccupiedSlots<kSlots> slots;
    std::set<uint32_t> model;
    const uint32_t crowd = 1u << random.below(12);
    for (int step = 0; step < 3000; ++step) {
      if (model.size() < crowd) {
        const uint32_t slot = random.below(kSlots);
        slots.set(slot);
        model.insert(slot);
      } else {
        const uint32_t slot = *next_of(model, random.below(kSlots));
        slots.clear(slot);
        model.erase(slot);
      }
      const uint32_t start = random.below(kSlots);
      REQUIRE(slots.next_from(start) == next_of(model, start));
    }
  }
}
