// Internet checksums (RFC 1071) and their incremental update (RFC 1624, equation 3). Sums are over
// 16-bit words in memory order: the ones' complement sum does not depend on byte order.
#pragma once

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
// modulo 65,535, where 2^64 is 1: so words of 64 bits are added, with their carries, and compilers
// make of the remainder one multiplication. The sum cannot be zero itself, as the version is not.
inline bool has_good_checksum(const Ipv4Header& plain) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&plain);
  uint64_t first, second;
  uint32_t last;
  std::memcpy(&first, bytes, 8);
  std::memcpy(&second, bytes + 8, 8);
  std::memcpy(&last, bytes + 16, 4);
  uint64_t sum = first + second;
  sum += sum < first;
  sum += last;
  sum += sum < last;
  return sum % 0xffff == 0;
}

inline uint16_t fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// The checksum field for a sum taken with that field zero.
inline Be16 finish(uint64_t sum) { return Be16::from_raw(static_cast<uint16_t>(~fold(sum))); }

inline Be16 checksum_of(std::span<const uint8_t> bytes) { return finish(sum_of(bytes)); }

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
    sum_ += static_cast<uint16_t>(~from.raw());
    sum_ += to.raw();
    return *this;
  }
  ChecksumDelta& replace(lb::Ipv4Address from, lb::Ipv4Address to) {
    sum_ += static_cast<uint32_t>(~from.bits.raw());
    sum_ += to.bits.raw();
    return *this;
  }
  Be16 apply(Be16 checksum) const { return finish(sum_ + static_cast<uint16_t>(~checksum.raw())); }

 private:
  uint64_t sum_ = 0;
};

}  // namespace dataplane
