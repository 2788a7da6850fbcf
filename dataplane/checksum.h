// Internet checksums (RFC 1071) and their incremental update (RFC 1624, equation 3). Sums are over
// 16-bit words in memory order: the ones' complement sum does not depend on byte order.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/headers.h"

namespace dataplane {

// Ones' complement sum of the bytes, not folded, an odd last byte padded with zero.
inline uint64_t sum_of(std::span<const uint8_t> bytes, uint64_t sum = 0) {
  size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    uint32_t word;
    std::memcpy(&word, bytes.data() + i, 4);
    sum += word;
  }
  for (; i + 2 <= bytes.size(); i += 2) {
    uint16_t word;
    std::memcpy(&word, bytes.data() + i, 2);
    sum += word;
  }
  if (i < bytes.size()) {
    uint16_t word = 0;
    std::memcpy(&word, bytes.data() + i, 1);
    sum += word;
  }
  return sum;
}

// Whether the checksum of an IPv4 header without options is right. A ones' complement sum is one
// modulo 65,535, where 2^16 is 1: so words of 64 bits will do, as long as their carry comes round.
// Of the multiples of 65,535 alone the product with its inverse modulo 2^64 is small. The sum
// cannot be zero, as the version is not. Of a later fragment the answer means nothing: in others
// the last byte of the first word, which is of the fragment's offset, is zero, so that the sum of
// two has no carry.
inline bool has_good_checksum(const Ipv4Header& plain) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&plain);
  uint64_t first, second;
  uint32_t last;
  std::memcpy(&first, bytes, sizeof first);
  std::memcpy(&second, bytes + sizeof first, sizeof second);
  std::memcpy(&last, bytes + sizeof first + sizeof second, sizeof last);
  constexpr uint64_t kInverse = 0xfffefffefffeffff;
  static_assert(kInverse * 0xffff == 1);
  uint64_t sum;
  const bool carry = __builtin_add_overflow(first + last, second, &sum);
  sum += carry;
  return sum * kInverse <= ~uint64_t{0} / 0xffff;
}

// Adding a word to itself with its halves swapped leaves in the upper half the sum of both and,
// from the lower one, its end-around carry.
inline uint16_t fold(uint32_t sum) {
  return static_cast<uint16_t>((sum + std::rotl(sum, 16)) >> 16);
}
inline uint16_t fold(uint64_t sum) {
  return fold(static_cast<uint32_t>((sum + std::rotl(sum, 32)) >> 32));
}

// The checksum field for a sum taken with that field zero.
inline Be16 finish(uint64_t sum) { return Be16::from_raw(static_cast<uint16_t>(~fold(sum))); }

inline Be16 checksum_of(std::span<const uint8_t> bytes) { return finish(sum_of(bytes)); }

// RFC 768: a sum of UDP that comes out as zero is sent as all ones, zero meaning "no checksum".
inline Be16 never_zero(Be16 checksum) { return checksum.raw() == 0 ? Be16(0xffff) : checksum; }

// Pseudo header of TCP and UDP over IPv4.
inline uint64_t pseudo_header_sum(lb::Ipv4Address source, lb::Ipv4Address destination,
                                  uint8_t protocol, uint16_t length) {
  return uint64_t{source.bits.raw()} + destination.bits.raw() + Be16(protocol).raw() +
         Be16(length).raw();
}

// What changed in the checksummed bytes: the sum of new words minus that of old ones.
class ChecksumDelta {
 public:
  ChecksumDelta& replace(Be16 from, Be16 to) {
    sum_ += complement(from) + to.raw();
    return *this;
  }
  // Folded halfway, as it may be applied more than once.
  ChecksumDelta& replace(lb::Ipv4Address from, lb::Ipv4Address to) {
    const uint64_t sum = uint64_t{~from.bits.raw()} + to.bits.raw();
    sum_ += static_cast<uint32_t>((sum & 0xffff) + (sum >> 16));
    return *this;
  }
  Be16 apply(Be16 checksum) const {
    return Be16::from_raw(static_cast<uint16_t>(~fold(sum_ + complement(checksum))));
  }

 private:
  static uint32_t complement(Be16 word) { return 0xffffu - word.raw(); }

  uint32_t sum_ = 0;  // not folded; good for thousands of replacements
};

}  // namespace dataplane
