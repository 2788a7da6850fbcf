// What types of checks use to describe their options and to read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/shape.h"

namespace control::health {

inline std::vector<conf::Property> no_options() { return {}; }

// An option that the file may leave out; `default_json` empty: then it is not there.
inline conf::Property option(std::string name, conf::Shape shape, std::string default_json,
                             std::string description) {
  return {std::move(name), std::move(shape), std::move(description), false,
          std::move(default_json)};
}

// The value of an option, or a T of nothing where the file says none.
template <class T>
T value_of(const conf::Options& options, const std::string& name) {
  const auto found = options.find(name);
  const T* value = found == options.end() ? nullptr : std::get_if<T>(&found->second);
  return value ? *value : T();
}

// Whether there is a text and all of it is printable ASCII without blanks: "^[!-~]+$".
bool is_visible(std::string_view text);

// Of a datagram that checks send, and what they look at of one that comes back.
inline constexpr size_t kMostBytes = 4096;
// Up to kMostBytes as the file has them: text, or "hex:" with pairs of hexadecimal digits.
conf::Text bytes_text();
// Precondition: such a text.
std::string bytes_of(std::string_view text);

}  // namespace control::health
