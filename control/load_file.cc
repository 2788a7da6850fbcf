#include "control/load_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "conf/load.h"
#include "control/vocabulary.h"

namespace control {

std::expected<conf::Config, std::vector<std::string>> load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file) {
    return std::unexpected(std::vector{path + ": cannot be read: " + std::strerror(errno)});
  }
  auto config = conf::load(text, vocabulary());
  if (config) return std::move(*config);
  std::vector<std::string> lines;
  for (const conf::Error& error : config.error()) lines.push_back(path + ": " + error.to_string());
  return std::unexpected(lines);
}

}  // namespace control
