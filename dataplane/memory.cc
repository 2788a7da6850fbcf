#include "dataplane/memory.h"

#include <rte_eal.h>
#include <rte_malloc.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace dataplane {
namespace {

constexpr size_t kHugepage = 2 << 20;

size_t round_up(size_t bytes) { return (bytes + kHugepage - 1) / kHugepage * kHugepage; }

std::string missing(size_t bytes, const std::string& purpose) {
  return "no " + std::to_string(megabytes(bytes)) + " MB of memory for the " + purpose + ": ";
}

// Aligned to a hugepage; nullptr: there is none, and errno says why.
std::byte* map_aligned(size_t size) {
  void* const area =
      mmap(nullptr, size + kHugepage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(area);
  const size_t ahead = -reinterpret_cast<uintptr_t>(begin) % kHugepage;
  if (ahead > 0) munmap(begin, ahead);
  munmap(begin + ahead + size, kHugepage - ahead);
  return begin + ahead;
}

}  // namespace

std::expected<Memory, std::string> Memory::take(size_t bytes, const std::string& purpose,
                                                int socket) {
  if (rte_eal_has_hugepages() == 0) return map(bytes, purpose);
  auto* memory = static_cast<std::byte*>(rte_zmalloc_socket(purpose.c_str(), bytes, 64, socket));
  // Memory of another node is slower, but serves.
  if (memory == nullptr && socket >= 0) {
    memory = static_cast<std::byte*>(rte_zmalloc(purpose.c_str(), bytes, 64));
  }
  if (memory == nullptr) {
    return std::unexpected(missing(bytes, purpose) +
                           "give EAL more hugepages, or lower connections.capacity");
  }
  Memory result;
  result.owned_.reset(memory);
  result.bytes_ = {memory, bytes};
  return result;
}

std::expected<Memory, std::string> Memory::map(size_t bytes, const std::string& purpose) {
  const size_t size = round_up(bytes);
  std::byte* const memory = map_aligned(size);
  if (memory == nullptr) {
    return std::unexpected(missing(bytes, purpose) + std::strerror(errno) +
                           "; lower connections.capacity");
  }
  // A kernel that has none, or that was told not to, goes on with small ones.
  if (bytes >= kHugepage) madvise(memory, size, MADV_HUGEPAGE);
  // Now, so that it is not missing under load.
  std::memset(memory, 0, bytes);
  Memory result;
  result.owned_ = {memory, Free{size}};
  result.bytes_ = {memory, bytes};
  return result;
}

void Memory::Free::operator()(std::byte* memory) const {
  if (mapped > 0) {
    munmap(memory, mapped);
  } else {
    rte_free(memory);
  }
}

}  // namespace dataplane
