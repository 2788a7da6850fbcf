#include "control/ipvsadm/words.h"

#include <algorithm>
#include <utility>

namespace control::ipvsadm {

std::optional<Words::Option> Words::next() {
  if (!cluster_.empty()) return from_cluster();
  while (at_ < words_.size()) {
    const std::string_view word = words_[at_++];
    if (only_arguments_ || word.size() < 2 || word[0] != '-') {
      arguments_.push_back(word);
    } else if (word == "--") {
      only_arguments_ = true;
    } else if (word.starts_with("--")) {
      const size_t equals = std::min(word.find('='), word.size());
      value_.reset();
      if (equals < word.size()) value_ = word.substr(equals + 1);
      return Option{word, word.substr(2, equals - 2), '\0'};
    } else {
      word_ = word;
      cluster_ = word.substr(1);
      return from_cluster();
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> Words::value() {
  if (value_) return std::exchange(value_, std::nullopt);
  if (!cluster_.empty()) {
    std::string_view rest = std::exchange(cluster_, {});
    if (rest.front() == '=') rest.remove_prefix(1);
    return rest;
  }
  if (at_ == words_.size()) return std::nullopt;
  return words_[at_++];
}

bool Words::next_is_option() const {
  return !value_ && cluster_.empty() && (at_ == words_.size() || words_[at_].starts_with('-'));
}

Words::Option Words::from_cluster() {
  const char letter = cluster_.front();
  cluster_.remove_prefix(1);
  value_.reset();
  return {word_, {}, letter};
}

}  // namespace control::ipvsadm
