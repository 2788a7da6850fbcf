#include "conf/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

namespace conf {
namespace {

constexpr size_t kLongestMessage = 200;

// Any bytes as one line of ASCII: what is not JSON need not be text either.
std::string one_line(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kLongestMessage)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte < 0x7f;
    result += plain ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  if (text.size() > kLongestMessage) result += "...";
  return result;
}

Error syntax_error(std::string_view text, size_t offset, std::string_view what) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return {"", fmt::format("line {}, column {}: {}", line, column, one_line(what))};
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: TEXT" without what comes
// before TEXT.
std::string_view bare_message(std::string_view what) {
  if (const size_t end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
  if (!what.starts_with("parse error")) return what;
  if (const size_t end = what.find(": "); end != what.npos) what.remove_prefix(end + 2);
  return what;
}

Value value_of(Value::Kind kind, std::string text = {}) {
  Value result;
  result.kind = kind;
  result.text = std::move(text);
  return result;
}

class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, Findings& findings) : text_(text), findings_(findings) {}

  std::expected<Value, Error> result() && {
    if (error_) return std::unexpected(std::move(*error_));
    return std::move(root_);
  }

  bool null() override { return add(value_of(Value::Kind::kNull)); }
  bool boolean(bool value) override {
    Value result = value_of(Value::Kind::kBoolean);
    result.boolean = value;
    return add(std::move(result));
  }
  bool number_integer(number_integer_t value) override { return number(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return number(std::to_string(value)); }
  // Also what does not fit into 64 bits.
  bool number_float(number_float_t, const string_t& token) override { return number(token); }
  bool string(string_t& value) override {
    return add(value_of(Value::Kind::kString, std::move(value)));
  }
  bool binary(binary_t&) override { return false; }  // never called: JSON has none

  bool start_object(size_t) override { return open(Value::Kind::kObject); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Value::Kind::kList); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    Frame& frame = frames_.back();
    frame.key = key;
    if (!frame.keys.insert(key).second) {
      findings_.add(pointer(), "duplicate key, expected each key once");
      findings_.distrust(pointer());
    }
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& exception) override {
    // `position` counts what was read, the end of the text included.
    error_ = syntax_error(text_, position == 0 ? 0 : position - 1, bare_message(exception.what()));
    return false;
  }

 private:
  // A list or an object that is still open. The value lies in its parent, which gains no other
  // child meanwhile: the pointer stays good.
  struct Frame {
    Value* value;
    std::string key;
    std::unordered_set<std::string> keys;
  };

  bool number(std::string token) { return add(value_of(Value::Kind::kNumber, std::move(token))); }

  Value& place(Value value) {
    if (frames_.empty()) return root_ = std::move(value);
    Frame& frame = frames_.back();
    if (frame.value->kind == Value::Kind::kList) {
      return frame.value->items.emplace_back(std::move(value));
    }
    return frame.value->members.emplace_back(frame.key, std::move(value)).value;
  }

  bool add(Value value) {
    place(std::move(value));
    return true;
  }

  bool open(Value::Kind kind) {
    if (frames_.size() == kMaxDepth) {
      error_ = Error{pointer(), fmt::format("nested deeper than {} levels", kMaxDepth)};
      return false;
    }
    Value& value = place(value_of(kind));
    frames_.push_back({&value, {}, {}});
    return true;
  }

  bool close() {
    frames_.pop_back();
    return true;
  }

  // Of the value that comes next.
  std::string pointer() const {
    std::string result;
    for (const Frame& frame : frames_) {
      const bool list = frame.value->kind == Value::Kind::kList;
      const size_t index = frame.value->items.size();
      const bool open = &frame != &frames_.back();  // the item is already there
      result = list ? child(result, open ? index - 1 : index) : child(result, frame.key);
    }
    return result;
  }

  std::string_view text_;
  Findings& findings_;
  Value root_;
  std::vector<Frame> frames_;
  std::optional<Error> error_;
};

}  // namespace

std::expected<Value, Error> parse_document(std::string_view text, Findings& findings) {
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    return std::unexpected(Error{"", "the file is empty, expected a JSON object"});
  }
  // The library takes a NUL for the end and would not look at what follows.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    return std::unexpected(syntax_error(text, nul, "found a NUL byte, expected JSON text"));
  }
  Builder builder(text, findings);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).result();
}

}  // namespace conf
