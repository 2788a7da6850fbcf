#include "conf/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/locale/utf.hpp>

namespace conf {
namespace {

constexpr size_t kLongest = 48;

// First and last.
struct Range {
  char32_t first;
  char32_t last;
};
constexpr std::array kControls{Range{0x00, 0x1f},     Range{0x7f, 0x9f},     Range{0x061c, 0x061c},
                               Range{0x200e, 0x200f}, Range{0x2028, 0x202e}, Range{0x2066, 0x2069}};

bool is_control(char32_t code) {
  return std::ranges::any_of(
      kControls, [&](const Range& range) { return code >= range.first && code <= range.last; });
}

}  // namespace

Character first_character(std::string_view text) {
  namespace utf = boost::locale::utf;
  const char* at = text.data();
  const char32_t code = utf::utf_traits<char>::decode(at, text.data() + text.size());
  // Of a broken one it may have read on: into what another character begins with, too.
  if (!utf::is_valid_codepoint(code)) return {text.substr(0, 1), 0xfffd, Character::Kind::kBroken};
  const size_t length = static_cast<size_t>(at - text.data());
  const auto kind = is_control(code) ? Character::Kind::kControl : Character::Kind::kPlain;
  return {text.substr(0, length), code, kind};
}

std::string escaped(std::string_view text) {
  return with_controls(text, [](const Character& control) {
    return fmt::format("\\u{:04x}", static_cast<uint32_t>(control.code));
  });
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : shortened(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return escaped(result) + '"';
}

std::string shortened(std::string_view text) {
  if (text.size() <= kLongest) return std::string(text);
  size_t end = kLongest;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace conf
