// Turns command lines into replies. What the socket server calls, and what tests call without a
// socket.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "control/command.h"

namespace control {

// The error as the client gets it: one line, whatever the text holds.
std::string error_line(const CommandError& error);

class Interpreter {
 public:
  // Both must outlive the interpreter. All calls come on the control thread.
  Interpreter(std::span<const Command> table, Facts& facts) : table_(table), facts_(facts) {}

  // True when a document follows this line. False for lines that will earn an error anyway, so that
  // the client hears of it before it has sent megabytes.
  bool wants_document(std::string_view line, Level level) const;

  // The whole reply, an error as its line.
  std::string execute(std::string_view line, Level level, std::string_view document) const;

 private:
  std::span<const Command> table_;
  Facts& facts_;
};

}  // namespace control
