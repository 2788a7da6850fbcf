#include "conf/shape.h"

#include <fmt/format.h>

namespace conf {
namespace {

struct Expected {
  std::string operator()(const Text& text) const { return text.expected; }
  std::string operator()(const Integer& integer) const {
    return fmt::format("a whole number from {} to {}", integer.min, integer.max);
  }
  std::string operator()(const Boolean&) const { return "true or false"; }
  std::string operator()(const Seconds& seconds) const {
    return fmt::format("seconds from {} to {}, with at most three decimals",
                       seconds.min_ms / 1000.0, seconds.max_ms / 1000.0);
  }
  std::string operator()(const Choice& choice) const {
    std::string result = choice.words.size() == 1 ? "" : "one of ";
    for (const Choice::Word& word : choice.words) {
      if (&word != &choice.words.front()) result += ", ";
      result += fmt::format("\"{}\"", word.name);
    }
    return result;
  }
  std::string operator()(const List&) const { return "a list"; }
  std::string operator()(const OneOrMany& many) const {
    return fmt::format("{} or a list of such", expected(*many.item));
  }
  std::string operator()(const Object&) const { return "an object"; }
  std::string operator()(const Selected&) const { return "an object"; }
  std::string operator()(const Tagged&) const { return "an object"; }
};

}  // namespace

std::string expected(const Shape& shape) { return std::visit(Expected{}, shape.kind); }

}  // namespace conf
