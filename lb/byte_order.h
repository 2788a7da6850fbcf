// Byte order as a type: what stands in a header is big-endian and cannot be mixed up with a number.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

namespace lb {

template <class T>
constexpr T swap_if_little(T value) {
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  }
  return value;
}

// A big-endian integer as it lies in a packet, with no alignment. `raw()` is the value in memory
// order (fit for hashing, comparing and checksums), `value()` the number it stands for.
template <class T>
class BigEndian {
 public:
  constexpr BigEndian() = default;
  explicit constexpr BigEndian(T value) : BigEndian(from_raw(swap_if_little(value))) {}
  static constexpr BigEndian from_raw(T raw) { return std::bit_cast<BigEndian>(raw); }
  constexpr T value() const { return swap_if_little(raw()); }
  constexpr T raw() const { return std::bit_cast<T>(*this); }
  constexpr bool operator==(const BigEndian& other) const { return raw() == other.raw(); }
  constexpr auto operator<=>(const BigEndian& other) const { return value() <=> other.value(); }

 private:
  uint8_t bytes_[sizeof(T)];
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1 && sizeof(Be32) == 4);

}  // namespace lb
