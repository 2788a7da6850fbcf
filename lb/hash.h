// The keyed hash of tables on the packet path. Not linear, unlike CRC32 and Toeplitz: flows that
// collide under one key do not collide under another, so nobody outside can choose colliding flows.
#pragma once

#include <cstdint>

namespace lb {

// Both halves random, drawn once at start. The multiplier is made odd.
struct HashKey {
  constexpr HashKey() = default;
  constexpr HashKey(uint64_t random, uint64_t other) : whitening(random), multiplier(other | 1) {}

  uint64_t whitening = 0;
  uint64_t multiplier = 1;
};

// Folded 64x64->128 bit multiplication (as in wyhash and mum-hash).
inline uint64_t mix(const HashKey& key, uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide first = static_cast<Wide>(word ^ key.whitening) * key.multiplier;
  const uint64_t folded = static_cast<uint64_t>(first) ^ static_cast<uint64_t>(first >> 64);
  // One multiplication leaves the low bits of the product weak where the input's low bits are few.
  const Wide second = static_cast<Wide>(folded) * 0x9e3779b97f4a7c15ULL;
  return static_cast<uint64_t>(second) ^ static_cast<uint64_t>(second >> 64);
}

}  // namespace lb
