// Big-endian bytes and the Internet checksum, written down a second time: what the data plane
// computes is not checked with its own code.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dataplane_test {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

inline void append(Bytes& to, View bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
inline void append16(Bytes& to, uint32_t value) {
  to.push_back(static_cast<uint8_t>(value >> 8));
  to.push_back(static_cast<uint8_t>(value));
}
inline void append32(Bytes& to, uint32_t value) {
  append16(to, value >> 16);
  append16(to, value & 0xffff);
}
inline void set16(Bytes& bytes, size_t at, uint32_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}
inline uint16_t get16(View bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline uint32_t get32(View bytes, size_t at) {
  return uint32_t{get16(bytes, at)} << 16 | get16(bytes, at + 2);
}

// RFC 1071, two bytes at a time, high byte first. Over data that holds its own right checksum it is
// 0.
inline uint16_t internet_checksum(View bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8 : bytes[i];
    if (sum > 0xffff) sum -= 0xffff;  // end-around carry
  }
  return static_cast<uint16_t>(~sum);
}

// Of a TCP or UDP segment behind the pseudo header of an IPv4 packet with these addresses.
inline uint16_t segment_checksum(uint32_t source, uint32_t destination, uint8_t protocol,
                                 View segment) {
  Bytes bytes;
  append32(bytes, source);
  append32(bytes, destination);
  append16(bytes, protocol);
  append16(bytes, static_cast<uint32_t>(segment.size()));
  append(bytes, segment);
  return internet_checksum(bytes);
}

}  // namespace dataplane_test
