// Turns command lines into replies. What the socket server calls, and what tests call without a
// socket.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "control/command.h"
#include "control/resolve.h"

namespace control {

// The error as the client gets it: one line, whatever the text holds.
std::string error_line(const CommandError& error);

// What has become of a command line.
struct Answer {
  std::string text;   // the whole reply, an error as its line
  std::string error;  // the error's text alone; empty: there is none
};

class Interpreter {
 public:
  // All must outlive the interpreter. `changes`: null where nothing can be changed; commands of
  // level admin are refused then. All calls come on the control thread.
  Interpreter(std::span<const Command> table, Facts& facts, Changes* changes = nullptr)
      : table_(table), facts_(facts), changes_(changes) {}

  // True when a document follows this line. False for lines that will earn an error anyway, so that
  // the client hears of it before it has sent megabytes.
  bool wants_document(std::string_view line, Level level) const;

  // Whether this line, which asks for nothing wrong by its form, is to change something.
  bool is_change(std::string_view line, Level level) const;

  Answer answer(std::string_view line, Level level, std::string_view document) const;
  // Its text alone.
  std::string execute(std::string_view line, Level level, std::string_view document) const {
    return answer(line, level, document).text;
  }

 private:
  Reply run(const Resolved& resolved, Level level, std::string_view document) const;

  std::span<const Command> table_;
  Facts& facts_;
  Changes* changes_;
};

}  // namespace control
