#include "tools/bench/flood.h"

#include <rte_hash_crc.h>

#include <random>
#include <set>
#include <unordered_set>

#include "tools/bench/world.h"

namespace bench {
namespace {

using lb::Be16;
using lb::Be32;

constexpr uint32_t kFirstAddress = 0x64400000;  // 100.64.0.0/10
constexpr uint32_t kAddresses = 1u << 22;
constexpr uint16_t kFirstPort = 1024;
constexpr uint32_t kBuckets = 65536;
constexpr uint32_t kBucketsHit = 16;

// As rte_hash_crc over the six bytes of a packet's source.
uint32_t crc_of(const End& end, uint32_t seed) {
  return rte_hash_crc_2byte(end.port.raw(), rte_hash_crc_4byte(end.address.bits.raw(), seed));
}

void require_collisions(const std::vector<End>& clients, uint32_t seed) {
  std::set<uint32_t> buckets;
  for (const End& client : clients) buckets.insert(crc_of(client, seed) % kBuckets);
  if (buckets.size() > kBucketsHit) {
    throw Failure("clients chosen to collide are in " + std::to_string(buckets.size()) +
                  " buckets under another seed");
  }
}

}  // namespace

// One end in 4,096 is right: a quarter of a billion are tried for 65,536.
std::vector<End> colliding_clients(uint32_t count) {
  std::vector<End> clients;
  for (uint32_t address = kFirstAddress; clients.size() < count; ++address) {
    const uint32_t half = rte_hash_crc_4byte(Be32(address).raw(), 0);
    for (uint32_t port = kFirstPort; port < 65536; ++port) {
      const Be16 wire(static_cast<uint16_t>(port));
      if (rte_hash_crc_2byte(wire.raw(), half) % kBuckets >= kBucketsHit) continue;
      clients.push_back({{Be32(address)}, wire});
      if (clients.size() == count) break;
    }
  }
  for (const uint32_t seed : {0u, 0xdeadbeefu}) require_collisions(clients, seed);
  return clients;
}

std::vector<End> random_clients(uint32_t count) {
  std::mt19937 random(3);
  std::unordered_set<uint64_t> taken;
  std::vector<End> clients;
  while (clients.size() < count) {
    const uint32_t address = kFirstAddress + random() % kAddresses;
    const uint32_t port = kFirstPort + random() % (65536 - kFirstPort);
    if (!taken.insert(uint64_t{address} << 16 | port).second) continue;
    clients.push_back({{Be32(address)}, Be16(static_cast<uint16_t>(port))});
  }
  return clients;
}

std::vector<End> usual_clients_and_one(uint32_t count) {
  std::vector<End> clients;
  for (uint32_t flow = 0; flow < count; ++flow) clients.push_back(World::usual_client(flow));
  const std::vector<End> more = one_client(count);
  clients.insert(clients.end(), more.begin(), more.end());
  return clients;
}

std::vector<End> one_client(uint32_t count) {
  // An address and port that no usual one has.
  return std::vector<End>(count, {{Be32(kFirstAddress + kAddresses - 1)}, Be16(40000)});
}

}  // namespace bench
