#include "scheduler/maglev_hashing.h"

#include <bit>
#include <numeric>

#include "scheduler/hash_table.h"

namespace scheduler {
namespace {

constexpr uint32_t kPlaces = 4093;  // a prime, so that every step meets every place

// LVS's fixed keys; both halves of each are the same.
constexpr uint64_t kFirstKey = 2654435761;
constexpr uint64_t kSecondKey = 2654446892;

// SipHash-1-3 of four bytes, both halves of the sum folded into 32 bits.
uint32_t short_siphash(uint64_t key, uint32_t word) {
  uint64_t a = 0x736f6d6570736575 ^ key;
  uint64_t b = 0x646f72616e646f6d ^ key;
  uint64_t c = 0x6c7967656e657261 ^ key;
  uint64_t d = 0x7465646279746573 ^ key;
  const auto round = [&] {
    a += b;
    c += d;
    b = std::rotl(b, 13) ^ a;
    d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32) + d;
    c += b;
    d = std::rotl(d, 21) ^ a;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  };
  const uint64_t block = uint64_t{4} << 56 | word;
  d ^= block;
  round();
  a ^= block;
  c ^= 0xff;
  for (int i = 0; i < 3; ++i) round();
  return static_cast<uint32_t>(a ^ b ^ c ^ d);
}

struct MaglevHash {
  static uint32_t word(const Request& request, Options options) {
    return request.client + (options.has(kPort) ? request.client_port : 0);
  }
  static uint32_t place(uint32_t word, uint32_t offset, uint32_t places) {
    return short_siphash(kFirstKey, word + offset) % places;
  }
};

// A server's order of the places, and how many it takes at a time.
struct Preference {
  uint32_t position;
  uint32_t place;
  uint32_t step;
  uint32_t turns;
};

uint32_t lasting_weight(const Server& server) {
  return server.weight > 0 ? server.weight : server.last_weight;
}

std::vector<Preference> preferences(std::span<const Server> servers) {
  uint32_t divisor = 0;
  uint32_t heaviest = 0;
  for (const Server& server : servers) {
    divisor = std::gcd(divisor, lasting_weight(server));
    heaviest = std::max(heaviest, lasting_weight(server));
  }
  std::vector<Preference> result;
  if (heaviest == 0) return result;
  // Of weights that are large even so, the upper six bits count.
  constexpr int kWeightBits = 6;
  const int shift = std::max(static_cast<int>(std::bit_width(heaviest / divisor)) - kWeightBits, 0);
  for (uint32_t i = 0; i < servers.size(); ++i) {
    const uint32_t weight = lasting_weight(servers[i]);
    if (weight == 0) continue;
    const uint32_t word = servers[i].address + servers[i].port;
    result.push_back({i, short_siphash(kFirstKey, word) % kPlaces,
                      short_siphash(kSecondKey, word) % (kPlaces - 1) + 1,
                      std::max(weight / divisor >> shift, 1u)});
  }
  return result;
}

std::vector<uint32_t> fill(std::span<const Server> servers) {
  constexpr uint32_t kFree = 0xffffffff;
  std::vector<Preference> order = preferences(servers);
  if (order.empty()) return {};
  std::vector<uint32_t> table(kPlaces, kFree);
  uint32_t filled = 0;
  for (size_t next = 0; filled < kPlaces; next = (next + 1) % order.size()) {
    Preference& server = order[next];
    for (uint32_t turn = 0; turn < server.turns && filled < kPlaces; ++turn, ++filled) {
      while (table[server.place] != kFree) server.place = (server.place + server.step) % kPlaces;
      table[server.place] = server.position;
    }
  }
  return table;
}

}  // namespace

std::unique_ptr<const Plan> compile_maglev_hashing(std::span<const Server> servers,
                                                   Options options) {
  return std::make_unique<HashTable<MaglevHash>>(fill(servers), servers, options);
}

}  // namespace scheduler
