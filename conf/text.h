// Text from elsewhere, made fit for one line of a terminal or a log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conf {

struct Character {
  enum class Kind : uint8_t {
    kPlain,
    // Not to be shown as it is. C1 are among them, which terminals obey as they do escape
    // sequences, Unicode's ends of lines, and the marks that turn the direction of what follows, so
    // that it reads as something else (Unicode UTS 55).
    kControl,
    kBroken,  // a byte that belongs to no character; its code is U+FFFD
  };
  std::string_view bytes;
  char32_t code;
  Kind kind;
};

// What a text, not empty, begins with, read as UTF-8.
Character first_character(std::string_view text);

// `text` with what `write` makes of each Character that is not plain in its place.
template <class Write>
std::string with_controls(std::string_view text, Write write) {
  std::string result;
  while (!text.empty()) {
    const Character next = first_character(text);
    if (next.kind == Character::Kind::kPlain) {
      result += next.bytes;
    } else {
      result += write(next);
    }
    text.remove_prefix(next.bytes.size());
  }
  return result;
}

// `text` in quotes, escaped as JSON does so that it stays on its line, shortened if long.
std::string in_quotes(std::string_view text);

// The same escapes, without quotes and unshortened.
std::string escaped(std::string_view text);

// `text`, shortened if long, never inside a character.
std::string shortened(std::string_view text);

}  // namespace conf
