#include "control/load_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "conf/load.h"
#include "control/vocabulary.h"

namespace control {

std::expected<conf::Config, std::vector<std::string>> load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  // By read, which knows errors: an iterator over a directory throws.
  std::array<char, 65536> chunk;
  constexpr size_t kLargest = 256 << 20;
  while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) {
    text.append(chunk.data(), static_cast<size_t>(file.gcount()));
    if (text.size() <= kLargest) continue;
    return std::unexpected(std::vector{
        fmt::format("{}: more than {} MB, expected a configuration", path, kLargest >> 20)});
  }
  if (!file.is_open() || file.bad()) {
    return std::unexpected(std::vector{path + ": cannot be read: " + std::strerror(errno)});
  }
  auto config = conf::load(text, vocabulary());
  if (config) return std::move(*config);
  std::vector<std::string> lines;
  for (const conf::Error& error : config.error()) lines.push_back(path + ": " + error.to_string());
  return std::unexpected(lines);
}

}  // namespace control
