// Which place in the live arrays belongs to which service and real server. A connection refers to
// both by slot, so a slot stays what it is while anything may refer to it.
#pragma once

#include <cstdint>
#include <vector>

#include "conf/config.h"

namespace control {

// Room in the live arrays; address space, not memory.
inline constexpr uint32_t kServiceSlots = 1u << 17;
inline constexpr uint32_t kServerSlots = 1u << 20;
// The last of each count what real servers start themselves (masquerade).
inline constexpr uint32_t kMasqueradeService = kServiceSlots - 1;
inline constexpr uint32_t kMasqueradeServer = kServerSlots - 1;

struct Slots {
  std::vector<uint32_t> services;              // by position in the file
  std::vector<std::vector<uint32_t>> servers;  // by positions of service and server
};

Slots assign_slots(const conf::Config& config);

}  // namespace control
