#include "conf/text.h"

#include <fmt/format.h>

#include <array>

namespace conf {
namespace {

constexpr size_t kLongest = 48;

// Characters whose last byte alone differs.
struct Range {
  std::string_view lead;
  unsigned char first;
  unsigned char last;
};
constexpr std::array kControls{
    Range{"", 0x00, 0x1f},          // C0
    Range{"", 0x7f, 0x7f},          // DEL
    Range{"\xc2", 0x80, 0x9f},      // C1
    Range{"\xd8", 0x9c, 0x9c},      // U+061C
    Range{"\xe2\x80", 0x8e, 0x8f},  // U+200E, U+200F
    Range{"\xe2\x80", 0xa8, 0xae},  // U+2028 to U+202E
    Range{"\xe2\x81", 0xa6, 0xa9},  // U+2066 to U+2069
};

// Of a character of up to three bytes.
unsigned code_point(std::string_view character) {
  constexpr std::array<unsigned, 4> kLeadBits{0, 0x7f, 0x1f, 0x0f};
  unsigned result = static_cast<unsigned char>(character[0]) & kLeadBits[character.size()];
  for (const char c : character.substr(1)) result = result << 6 | (c & 0x3f);
  return result;
}

}  // namespace

size_t control_character(std::string_view text) {
  if (text.empty() || (text.front() >= ' ' && text.front() <= '~')) return 0;
  for (const Range& range : kControls) {
    const size_t lead = range.lead.size();
    if (text.size() <= lead || !text.starts_with(range.lead)) continue;
    const auto byte = static_cast<unsigned char>(text[lead]);
    if (byte >= range.first && byte <= range.last) return lead + 1;
  }
  return 0;
}

std::string escaped(std::string_view text) {
  return with_controls(
      text, [](std::string_view control) { return fmt::format("\\u{:04x}", code_point(control)); });
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
