#include "conf/validate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "conf/nearest.h"

namespace conf {
namespace {

using Kind = Value::Kind;

const Property* find(const Object& object, std::string_view name) {
  for (const Property& property : object.properties) {
    if (property.name == name) return &property;
  }
  return nullptr;
}

class Validator {
 public:
  explicit Validator(Findings& findings) : findings_(findings) {}

  void check(const Value& value, const Shape& shape, const std::string& pointer) {
    std::visit([&](const auto& kind) { check(value, shape, kind, pointer); }, shape.kind);
  }

 private:
  void refuse(const Value& value, const std::string& expected, const std::string& pointer) {
    findings_.add(pointer, fmt::format("found {}, expected {}", value.token(), expected));
    findings_.distrust(pointer);
  }

  void check(const Value& value, const Shape&, const Text& text, const std::string& pointer) {
    if (value.kind != Kind::kString) return refuse(value, text.expected, pointer);
    if (text.format == nullptr) return;
    if (const auto expected = text.format(value.text)) refuse(value, *expected, pointer);
  }

  void check(const Value& value, const Shape& shape, const Integer& integer,
             const std::string& pointer) {
    const auto number = value.whole_number();
    if (!number || *number < integer.min || *number > integer.max) {
      refuse(value, expected(shape), pointer);
    }
  }

  void check(const Value& value, const Shape& shape, const Boolean&, const std::string& pointer) {
    if (value.kind != Kind::kBoolean) refuse(value, expected(shape), pointer);
  }

  void check(const Value& value, const Shape& shape, const Seconds& seconds,
             const std::string& pointer) {
    const auto milliseconds = value.milliseconds();
    if (!milliseconds || *milliseconds < seconds.min_ms || *milliseconds > seconds.max_ms) {
      refuse(value, expected(shape), pointer);
    }
  }

  void check(const Value& value, const Shape& shape, const Choice& choice,
             const std::string& pointer) {
    std::vector<std::string_view> names;
    for (const Choice::Word& word : choice.words) {
      if (value.kind == Kind::kString && value.text == word.name) return;
      names.push_back(word.name);
    }
    std::string wanted = expected(shape);
    if (value.kind == Kind::kString) wanted += suggestion(value.text, names);
    refuse(value, wanted, pointer);
  }

  void check(const Value& value, const Shape& shape, const List& list, const std::string& pointer) {
    if (value.kind != Kind::kList) return refuse(value, expected(shape), pointer);
    const size_t size = value.items.size();
    if (size < list.min_items) {
      return refuse(value, fmt::format("at least {}", plural(list.min_items)), pointer);
    }
    if (size > list.max_items) {
      return refuse(value, fmt::format("at most {}, not {}", plural(list.max_items), size),
                    pointer);
    }
    for (size_t i = 0; i < size; ++i) check(value.items[i], *list.item, child(pointer, i));
  }

  void check(const Value& value, const Shape& shape, const OneOrMany& many,
             const std::string& pointer) {
    if (value.kind != Kind::kList) {
      if (std::holds_alternative<Text>(many.item->kind) && value.kind != Kind::kString) {
        return refuse(value, expected(shape), pointer);
      }
      return check(value, *many.item, pointer);
    }
    check(value, shape, List{.item = many.item, .min_items = 1}, pointer);
  }

  void check(const Value& value, const Shape& shape, const Object& object,
             const std::string& pointer) {
    if (value.kind != Kind::kObject) return refuse(value, expected(shape), pointer);
    enclosing_.push_back({&value, pointer});
    for (const Member& member : value.members) {
      const std::string at = child(pointer, member.key);
      if (const Property* property = find(object, member.key)) {
        check(member.value, property->shape, at);
      } else {
        unknown_key(member.key, value, object, pointer);
      }
    }
    for (const Property& property : object.properties) {
      // Not usable: its name was mistyped, which has been reported.
      const std::string at = child(pointer, property.name);
      if (!property.required || value.find(property.name) || !findings_.usable(at)) continue;
      findings_.add(pointer, fmt::format("missing key \"{}\", expected {}", property.name,
                                         expected(property.shape)));
      findings_.distrust(at);
    }
    enclosing_.pop_back();
  }

  void check(const Value& value, const Shape& shape, const Selected& selected,
             const std::string& pointer) {
    if (value.kind != Kind::kObject) return refuse(value, expected(shape), pointer);
    const auto name = selection(selected);
    if (!name) return;  // nobody knows what belongs here
    for (const Selected::Case& candidate : selected.cases) {
      if (candidate.name == *name) return check(value, shape, candidate.object, pointer);
    }
  }

  void check(const Value& value, const Shape& shape, const Tagged& tagged,
             const std::string& pointer) {
    if (value.kind != Kind::kObject) return refuse(value, expected(shape), pointer);
    const Value* tag = value.find(tagged.tag);
    for (const Selected::Case& candidate : tagged.cases) {
      if (tag && tag->kind == Kind::kString && candidate.name == tag->text) {
        return check(value, shape, candidate.object, pointer);
      }
    }
    // Which of the other keys are right nobody can tell.
    const Object only_tag{{*find(tagged.cases.front().object, tagged.tag)}};
    const std::string at = child(pointer, tagged.tag);
    if (tag) return check(*tag, only_tag.properties.front().shape, at);
    for (const Member& member : value.members) {
      if (!nearest(member.key, {tagged.tag}).empty()) {
        return unknown_key(member.key, value, only_tag, pointer);
      }
    }
    findings_.add(pointer, fmt::format("missing key \"{}\", expected {}", tagged.tag,
                                       expected(only_tag.properties.front().shape)));
    findings_.distrust(at);
  }

  // What the selector says; nothing when that is no usable word.
  std::optional<std::string> selection(const Selected& selected) const {
    for (auto scope = enclosing_.rbegin(); scope != enclosing_.rend(); ++scope) {
      const Value* value = scope->value->find(selected.selector);
      const bool usable = findings_.usable(child(scope->pointer, selected.selector));
      if (!usable || (value && value->kind != Kind::kString)) return std::nullopt;
      if (value) return value->text;
    }
    return selected.otherwise;
  }

  // What is meant is unknown, too, unless it stands there besides.
  void unknown_key(const std::string& key, const Value& value, const Object& object,
                   const std::string& pointer) {
    std::vector<std::string_view> known;
    for (const Property& property : object.properties) known.push_back(property.name);
    const std::string at = child(pointer, key);
    const std::string_view meant = nearest(key, known);
    if (!meant.empty()) {
      findings_.add(at, fmt::format("unknown key; did you mean \"{}\"?", meant));
      if (value.find(meant) == nullptr) findings_.distrust(child(pointer, meant));
    } else if (known.empty()) {
      findings_.add(at, "unknown key, expected none here");
    } else {
      findings_.add(at,
                    fmt::format("unknown key, expected one of \"{}\"", fmt::join(known, "\", \"")));
    }
    findings_.distrust(at);
  }

  static std::string plural(size_t items) {
    return fmt::format("{} {}", items, items == 1 ? "item" : "items");
  }

  struct Scope {
    const Value* value;
    std::string pointer;
  };

  Findings& findings_;
  std::vector<Scope> enclosing_;
};

}  // namespace

void validate(const Value& root, const Shape& shape, Findings& findings) {
  Validator(findings).check(root, shape, "");
}

}  // namespace conf
