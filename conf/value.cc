#include "conf/value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "conf/error.h"

namespace conf {
namespace {

constexpr size_t kLongestToken = 48;

std::string shortened(std::string_view text) {
  if (text.size() <= kLongestToken) return std::string(text);
  size_t end = kLongestToken;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // never inside a UTF-8 sequence
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

std::optional<uint64_t> Value::whole_number() const {
  if (kind != Kind::kNumber) return std::nullopt;
  uint64_t result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

std::optional<uint32_t> Value::milliseconds() const {
  if (kind != Kind::kNumber) return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const double whole = std::round(seconds * 1000);
  if (!(whole >= 0 && whole <= std::numeric_limits<uint32_t>::max())) return std::nullopt;
  if (std::abs(seconds * 1000 - whole) > 1e-6) return std::nullopt;
  return static_cast<uint32_t>(whole);
}

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string Value::token() const {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return boolean ? "true" : "false";
    case Kind::kNumber:
      return shortened(text);
    case Kind::kString:
      return in_quotes(text);
    case Kind::kList:
      return items.empty() ? "an empty list" : "a list";
    case Kind::kObject:
      return "an object";
  }
  return {};
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\u{:04x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : shortened(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return escaped(result) + '"';
}

std::string child(std::string_view pointer, std::string_view key) {
  std::string result(pointer);
  result += '/';
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string child(std::string_view pointer, size_t index) {
  return fmt::format("{}/{}", pointer, index);
}

std::string Error::to_string() const {
  return pointer.empty() ? text : fmt::format("{}: {}", escaped(pointer), text);
}

std::string one_line(const std::vector<Error>& errors) {
  std::string line;
  for (const Error& error : errors) line += (line.empty() ? "" : "; ") + error.to_string();
  return line;
}

}  // namespace conf
