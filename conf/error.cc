#include "conf/error.h"

#include <fmt/format.h>

#include <algorithm>

#include "conf/text.h"

namespace conf {

std::string Error::to_string() const {
  return pointer.empty() ? text : fmt::format("{}: {}", escaped(pointer), text);
}

std::string one_line(const std::vector<std::string>& errors) {
  constexpr size_t kMost = 20;
  const size_t told = std::min(errors.size(), kMost);
  std::string line;
  for (size_t i = 0; i < told; ++i) line += (line.empty() ? "" : "; ") + errors[i];
  if (told < errors.size()) line += fmt::format("; and {} more", errors.size() - told);
  return line;
}

std::string one_line(const std::vector<Error>& errors) {
  std::vector<std::string> texts;
  for (const Error& error : errors) texts.push_back(error.to_string());
  return one_line(texts);
}

}  // namespace conf
