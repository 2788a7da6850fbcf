#include "scheduler/destination_hashing.h"

#include "scheduler/hash_table.h"

namespace scheduler {
namespace {

constexpr unsigned kBits = 8;

struct DestinationHash {
  static uint32_t word(const Request& request, Options) { return request.destination; }
  static uint32_t place(uint32_t word, uint32_t, uint32_t) { return multiplied_hash(word, kBits); }
};

}  // namespace

std::unique_ptr<const Plan> compile_destination_hashing(std::span<const Server> servers, Options) {
  std::vector<uint32_t> table;
  for (uint32_t i = 0; !servers.empty() && i < 1u << kBits; ++i) {
    table.push_back(i % static_cast<uint32_t>(servers.size()));
  }
  return std::make_unique<HashTable<DestinationHash>>(std::move(table), servers, Options());
}

}  // namespace scheduler
