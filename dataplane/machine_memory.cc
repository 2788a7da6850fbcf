#include "dataplane/machine_memory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace dataplane {
namespace {

// The first number of the line that begins with `key`, or of the file where that is empty.
std::optional<size_t> number_in(const std::filesystem::path& path, std::string_view key = "") {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    std::istringstream rest(line.substr(key.size()));
    size_t number = 0;
    if (rest >> number) return number;
    return std::nullopt;  // "max"
  }
  return std::nullopt;
}

}  // namespace

size_t free_hugepage_bytes() {
  size_t bytes = 0;
  std::error_code ignored;
  for (const auto& size :
       std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", ignored)) {
    // hugepages-2048kB
    const std::string name = size.path().filename();
    const size_t kilobytes =
        std::strtoull(name.c_str() + std::string_view("hugepages-").size(), nullptr, 10);
    size_t pages = 0;
    std::ifstream(size.path() / "free_hugepages") >> pages;
    bytes += pages * kilobytes * 1024;
  }
  return bytes;
}

std::optional<size_t> available_memory(const std::filesystem::path& proc,
                                       const std::filesystem::path& cgroups) {
  std::optional<size_t> least;
  const auto consider = [&](size_t bytes) { least = std::min(bytes, least.value_or(bytes)); };
  if (const auto kilobytes = number_in(proc / "meminfo", "MemAvailable:")) {
    consider(*kilobytes * 1024);
  }
  std::filesystem::path group;
  std::ifstream groups(proc / "self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::/")) group = line.substr(4);
  }
  const auto consider_group = [&](const std::filesystem::path& at) {
    const auto limit = number_in(at / "memory.max");
    const auto current = number_in(at / "memory.current");
    if (!limit || !current) return;
    // Cached files make room when it is needed, but for those that are memory alone (tmpfs).
    const size_t cached = number_in(at / "memory.stat", "file ").value_or(0);
    const size_t files =
        cached - std::min(cached, number_in(at / "memory.stat", "shmem ").value_or(0));
    const size_t used = *current - std::min(*current, files);
    consider(*limit - std::min(*limit, used));
  };
  std::filesystem::path at = cgroups;
  consider_group(at);
  for (const auto& name : group) consider_group(at /= name);
  return least;
}

}  // namespace dataplane
