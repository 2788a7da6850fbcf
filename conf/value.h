// JSON as it stands in the file: order, repeated keys and numbers as written are kept, because
// errors speak of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conf {

struct Member;

struct Value {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kList, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;  // a string's content, a number as written
  std::vector<Value> items;
  std::vector<Member> members;

  // The number, if it is whole and fits; "1e3" and "1.0" are not whole numbers here.
  std::optional<uint64_t> whole_number() const;
  // The number times 1,000, if that is whole and fits.
  std::optional<uint32_t> milliseconds() const;
  // Of the first member of that name, null if there is none.
  const Value* find(std::string_view key) const;
  // The value as an error cites it, on one line and shortened.
  std::string token() const;
};

struct Member {
  std::string key;
  Value value;
};

// The RFC 6901 pointer to a member or an item of the value that `pointer` names.
std::string child(std::string_view pointer, std::string_view key);
std::string child(std::string_view pointer, size_t index);

}  // namespace conf
