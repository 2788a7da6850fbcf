// Text from elsewhere, made fit for one line of a terminal or a log.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace conf {

// Bytes of the control character that UTF-8 text begins with; 0: with none. Among them are C1,
// which terminals obey as they do escape sequences, Unicode's ends of lines, and the marks that
// turn the direction of what follows, so that it reads as something else (Unicode UTS 55).
size_t control_character(std::string_view text);

// `text` with what `write` makes of each of its control characters in its place.
template <class Write>
std::string with_controls(std::string_view text, Write write) {
  std::string result;
  while (!text.empty()) {
    const size_t control = control_character(text);
    if (control > 0) {
      result += write(text.substr(0, control));
    } else {
      result += text.front();
    }
    text.remove_prefix(std::max<size_t>(control, 1));
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
