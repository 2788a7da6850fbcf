#include "control/health/options.h"

#include <algorithm>

namespace control::health {
namespace {

constexpr std::string_view kHex = "hex:";
constexpr std::string_view kBytes =
    "text, or \"hex:\" with an even number of hexadecimal digits; at most 4096 bytes";
static_assert(kMostBytes == 4096);

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> bytes_format(std::string_view text) {
  bool right = text.size() <= kMostBytes;
  if (text.starts_with(kHex)) {
    text.remove_prefix(kHex.size());
    right = text.size() % 2 == 0 && text.size() / 2 <= kMostBytes &&
            std::ranges::all_of(text, [](char c) { return digit(c) >= 0; });
  }
  return right ? std::nullopt : std::optional<std::string>(kBytes);
}

}  // namespace

bool is_visible(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

conf::Text bytes_text() { return {std::string(kBytes), "", bytes_format}; }

std::string bytes_of(std::string_view text) {
  if (!text.starts_with(kHex)) return std::string(text);
  std::string bytes;
  for (size_t i = kHex.size(); i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return bytes;
}

}  // namespace control::health
