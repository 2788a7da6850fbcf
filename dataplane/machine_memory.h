// What memory the machine has left.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

namespace dataplane {

// In hugepages of all sizes.
size_t free_hugepage_bytes();

// Bytes that a process may still take without another's being ended for it: the least of what the
// machine has available (proc_meminfo(5)) and what its control group and those around it leave
// (cgroups(7), version 2). `proc` and `cgroups`: the roots of those file systems. No value: nobody
// says.
std::optional<size_t> available_memory(const std::filesystem::path& proc,
                                       const std::filesystem::path& cgroups);

}  // namespace dataplane
