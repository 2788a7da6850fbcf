#include "conf/findings.h"

#include <algorithm>
#include <map>
#include <utility>

namespace conf {
namespace {

using Ranks = std::map<std::string, size_t, std::less<>>;

void rank(const Value& value, const std::string& pointer, Ranks& ranks) {
  ranks.try_emplace(pointer, ranks.size());
  for (size_t i = 0; i < value.items.size(); ++i) rank(value.items[i], child(pointer, i), ranks);
  for (const Member& member : value.members) rank(member.value, child(pointer, member.key), ranks);
}

// An error may name a value that the file leaves to its default: it ranks with the enclosing one.
size_t rank_of(std::string_view pointer, const Ranks& ranks) {
  for (;;) {
    const auto found = ranks.find(pointer);
    if (found != ranks.end()) return found->second;
    if (pointer.empty()) return 0;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

}  // namespace

void Findings::add(std::string pointer, std::string text) {
  errors_.push_back({std::move(pointer), std::move(text)});
}

void Findings::distrust(std::string pointer) { unknown_.insert(std::move(pointer)); }

bool Findings::usable(std::string_view pointer) const {
  if (unknown_.empty()) return true;
  for (;;) {
    if (unknown_.contains(pointer)) return false;
    if (pointer.empty()) return true;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

bool Findings::complete(std::string_view pointer) const {
  if (!usable(pointer)) return false;
  const std::string inside = std::string(pointer) + "/";
  const auto next = unknown_.lower_bound(inside);
  return next == unknown_.end() || !next->starts_with(inside);
}

std::vector<Error> Findings::in_file_order(const Value& root) const {
  if (errors_.size() < 2) return errors_;
  Ranks ranks;
  rank(root, "", ranks);
  std::vector<std::pair<size_t, size_t>> order;  // rank, then as they were found
  for (size_t i = 0; i < errors_.size(); ++i) {
    order.emplace_back(rank_of(errors_[i].pointer, ranks), i);
  }
  std::ranges::sort(order);
  std::vector<Error> result;
  for (const auto& [rank, index] : order) result.push_back(errors_[index]);
  return result;
}

}  // namespace conf
