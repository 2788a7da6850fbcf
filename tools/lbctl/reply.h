// Tells a reply from an error line, and passes each where it belongs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lbctl {

// "error: TEXT" or "error N: TEXT".
struct DaemonError {
  int status = 1;  // 1 to 255
  std::string text;
};

class Reply {
 public:
  // `output` gets the reply piece by piece, never a byte of an error.
  explicit Reply(std::function<void(std::string_view)> output) : output_(std::move(output)) {}

  void consume(std::string_view bytes);
  // At end of file: the error, if the reply was one.
  std::optional<DaemonError> finish();

 private:
  enum class Kind { kUndecided, kOutput, kError };

  Kind kind_ = Kind::kUndecided;
  std::string held_;  // undecided: the first bytes; an error: all of it
  std::function<void(std::string_view)> output_;
};

}  // namespace lbctl
