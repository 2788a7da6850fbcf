#include "conf/value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "conf/text.h"

namespace conf {

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

}  // namespace conf
