// Walks a command line's words as popt does: clusters of short options, values attached or in the
// next word, "--".
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace control::ipvsadm {

class Words {
 public:
  explicit Words(std::span<const std::string_view> words) : words_(words) {}

  struct Option {
    std::string_view word;       // as typed, for messages
    std::string_view long_name;  // empty: short_name counts
    char short_name = '\0';
  };

  // The next option; words that are none are put aside.
  std::optional<Option> next();
  // The value of the option just returned, if there is one.
  std::optional<std::string_view> value();
  // Whether a value came with "=", which an option without argument must not have.
  bool has_attached_value() const { return value_.has_value(); }
  // Whether value() would take a word that is an option itself, or none at all.
  bool next_is_option() const;
  // What was put aside. Complete when next() has returned nothing.
  const std::vector<std::string_view>& arguments() const { return arguments_; }

 private:
  Option from_cluster();

  std::span<const std::string_view> words_;
  size_t at_ = 0;
  std::string_view word_;
  std::string_view cluster_;  // what is left of "-Ln"
  std::optional<std::string_view> value_;
  std::vector<std::string_view> arguments_;
  bool only_arguments_ = false;
};

}  // namespace control::ipvsadm
