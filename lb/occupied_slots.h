// Which slots of a timing wheel hold something: one bit each, and one for each word of these, so
// that the next one is found in a few steps however far it is.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace lb {

// `slots`: a multiple of 4,096.
template <uint32_t slots>
class OccupiedSlots {
 public:
  void set(uint32_t slot) {
    words_[slot / 64] |= bit(slot);
    full_[slot / 4096] |= bit(slot / 64);
  }
  void clear(uint32_t slot) {
    words_[slot / 64] &= ~bit(slot);
    if (words_[slot / 64] == 0) full_[slot / 4096] &= ~bit(slot / 64);
  }

  // The first occupied slot at `start` or after it, going round to the slots before.
  std::optional<uint32_t> next_from(uint32_t start) const {
    const uint32_t word = start / 64;
    if (const uint64_t here = words_[word] & from(start); here != 0) return first_of(word, here);
    // Words behind it; in the last step, once round, those that were left out in the first.
    for (uint32_t step = 0, group = word / 64; step <= full_.size(); ++step) {
      const uint64_t later = step == 0 ? from(word) & ~bit(word) : ~uint64_t{0};
      if (const uint64_t filled = full_[group] & later; filled != 0) {
        const uint32_t found = group * 64 + static_cast<uint32_t>(std::countr_zero(filled));
        return first_of(found, words_[found]);
      }
      group = group + 1 == full_.size() ? 0 : group + 1;
    }
    return std::nullopt;
  }

 private:
  static_assert(slots % 4096 == 0);
  static uint64_t bit(uint32_t number) { return uint64_t{1} << number % 64; }
  static uint64_t from(uint32_t number) { return ~uint64_t{0} << number % 64; }
  static uint32_t first_of(uint32_t word, uint64_t bits) {
    return word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
  }

  std::array<uint64_t, slots / 64> words_{};
  std::array<uint64_t, slots / 4096> full_{};  // words that are not 0
};

}  // namespace lb
