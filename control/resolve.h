// From a command line to the entry of the command table that it means.
#pragma once

#include <expected>
#include <span>
#include <string_view>
#include <vector>

#include "control/command.h"

namespace control {

// A line as the client sent it, found in the table. The views point into the line.
struct Resolved {
  const Command* command = nullptr;
  std::vector<std::string_view> arguments;  // without the trailing `json`
  bool json = false;
};

// Splits at blanks and tabs (there is no quoting) and looks the words up. A trailing carriage
// return is ignored, any other control byte is an error, since words come back in replies and reach
// terminals. Errors: an empty line, an unknown command (with the nearest known one), a command that
// `level` may not use, arguments where none are taken.
std::expected<Resolved, CommandError> resolve(std::span<const Command> table, std::string_view line,
                                              Level level);

// "show services [NAME] [json]", for messages about wrong arguments and for help.
std::string usage(const Command& command);

// The error of a command whose arguments are wrong: `what` and the usage, on one line.
CommandError usage_error(const Command& command, std::string_view what);

}  // namespace control
