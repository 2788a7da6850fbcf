#include "tools/lbctl/reply.h"

#include <charconv>
#include <utility>

namespace lbctl {
namespace {

// Where the text begins in "error: TEXT" and "error N: TEXT"; 0: it is no error; npos: too short to
// say.
size_t error_text(std::string_view bytes, int& status) {
  constexpr std::string_view kError = "error";
  const std::string_view seen = bytes.substr(0, kError.size());
  if (seen != kError.substr(0, seen.size())) return 0;
  size_t at = kError.size();
  if (at < bytes.size() && bytes[at] == ' ') {
    const size_t digits = ++at;
    while (at < bytes.size() && at - digits < 3 && bytes[at] >= '0' && bytes[at] <= '9') ++at;
    if (at < bytes.size() && at == digits) return 0;
    std::from_chars(bytes.data() + digits, bytes.data() + at, status);
  }
  for (const char expected : {':', ' '}) {
    if (at >= bytes.size()) return std::string_view::npos;
    if (bytes[at++] != expected) return 0;
  }
  return at;
}

}  // namespace

void Reply::consume(std::string_view bytes) {
  if (kind_ == Kind::kOutput) return output_(bytes);
  held_ += bytes;
  if (kind_ == Kind::kError) return;
  int status = 1;
  const size_t text = error_text(held_, status);
  if (text == std::string_view::npos) return;
  kind_ = text == 0 ? Kind::kOutput : Kind::kError;
  if (kind_ == Kind::kOutput) output_(std::exchange(held_, {}));
}

std::optional<DaemonError> Reply::finish() {
  if (kind_ == Kind::kUndecided && !held_.empty()) output_(std::exchange(held_, {}));
  if (kind_ != Kind::kError) return std::nullopt;
  DaemonError error;
  error.text = held_.substr(error_text(held_, error.status));
  while (error.text.ends_with('\n')) error.text.pop_back();
  if (error.status < 1 || error.status > 255)
    error.status = 1;  // an error must not look like success
  return error;
}

}  // namespace lbctl
