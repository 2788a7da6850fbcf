// The description of a JSON value: what validation accepts, what its errors say was expected, and
// what the JSON Schema prints. Plain data, so that a scheduler or a forwarding method can describe
// its own options without knowing who validates them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace conf {

struct Shape;
struct Property;

// A string of some form.
struct Text {
  // Completes "expected …".
  std::string expected;
  // ECMA 262, for the Schema; as near to `format` as a pattern can be.
  std::string pattern;
  // Nothing when the text is right, else what was expected in its place. Null: any text is right.
  std::optional<std::string> (*format)(std::string_view text) = nullptr;
};

struct Integer {
  uint64_t min = 0;
  uint64_t max = std::numeric_limits<uint64_t>::max();
};

struct Boolean {};

// A number of seconds that is a whole number of milliseconds.
struct Seconds {
  uint32_t min_ms = 0;
  uint32_t max_ms = std::numeric_limits<uint32_t>::max();
};

// One of some words.
struct Choice {
  struct Word {
    std::string name;
    std::string description;
  };
  std::vector<Word> words;
};

struct List {
  std::shared_ptr<const Shape> item;
  size_t min_items = 0;
  size_t max_items = std::numeric_limits<size_t>::max();
};

// One value, or a list of at least one such value.
struct OneOrMany {
  std::shared_ptr<const Shape> item;
};

struct Object {
  std::vector<Property> properties;
};

// An object whose properties depend on what `selector` says: a key of the same object or, where
// that has none, of the nearest enclosing one, else `otherwise`.
struct Selected {
  struct Case {
    std::string name;
    Object object;
  };
  std::string selector;
  std::string otherwise;
  std::vector<Case> cases;
};

// An object that says by its own key `tag`, a Choice that each case's object has among its
// properties, which of the cases it is.
struct Tagged {
  std::string tag;
  std::vector<Selected::Case> cases;
};

struct Shape {
  std::variant<Text, Integer, Boolean, Seconds, Choice, List, OneOrMany, Object, Selected, Tagged>
      kind;
};

struct Property {
  std::string name;
  Shape shape;
  std::string description;
  bool required = false;
  // JSON text; empty when leaving the key out means something that no value says.
  std::string default_json = {};
};

// Completes "expected …" for a value of this shape.
std::string expected(const Shape& shape);

}  // namespace conf
