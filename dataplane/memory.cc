#include "dataplane/memory.h"

#include <rte_malloc.h>

namespace dataplane {

std::expected<Memory, std::string> Memory::take(size_t bytes, const std::string& purpose,
                                                int socket) {
  auto* memory = static_cast<std::byte*>(rte_zmalloc_socket(purpose.c_str(), bytes, 64, socket));
  // Memory of another node is slower, but serves.
  if (memory == nullptr && socket >= 0) {
    memory = static_cast<std::byte*>(rte_zmalloc(purpose.c_str(), bytes, 64));
  }
  if (memory == nullptr) {
    return std::unexpected("no " + std::to_string((bytes >> 20) + 1) + " MB of memory for the " +
                           purpose + ": give EAL more hugepages (or a larger \"-m\"), or lower " +
                           "connections.capacity");
  }
  Memory result;
  result.owned_.reset(memory);
  result.bytes_ = {memory, bytes};
  return result;
}

void Memory::Free::operator()(std::byte* memory) const { rte_free(memory); }

}  // namespace dataplane
