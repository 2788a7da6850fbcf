#include "scheduler/source_hashing.h"

#include <numeric>

#include "scheduler/hash_table.h"

namespace scheduler {
namespace {

constexpr unsigned kBits = 8;
constexpr uint64_t kBuckets = 1u << kBits;

struct SourceHash {
  static uint32_t word(const Request& request, Options options) {
    return request.client + (options.has(kPort) ? request.client_port : 0);
  }
  static uint32_t place(uint32_t word, uint32_t offset, uint32_t places) {
    return (multiplied_hash(word, kBits) + offset) % places;
  }
};

std::vector<uint32_t> fill(std::span<const Server> servers) {
  std::vector<uint32_t> table;
  if (servers.empty()) return table;
  uint64_t sum = 0;
  for (const Server& server : servers) sum += server.weight;
  for (uint32_t next = 0; table.size() < kBuckets; next = (next + 1) % servers.size()) {
    const uint64_t weight = servers[next].weight;
    const uint64_t scaled = sum > kBuckets ? weight * kBuckets / sum : weight;
    const uint64_t wanted = std::max<uint64_t>(scaled, 1);
    table.insert(table.end(), std::min(wanted, kBuckets - table.size()), next);
  }
  return table;
}

}  // namespace

std::unique_ptr<const Plan> compile_source_hashing(std::span<const Server> servers,
                                                   Options options) {
  return std::make_unique<HashTable<SourceHash>>(fill(servers), servers, options);
}

}  // namespace scheduler
