// What a command of the control socket is: one entry of the table in command_table.cc. A command
// parses its own arguments, reads Facts and renders; it knows nothing of sockets.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "control/changes.h"
#include "control/facts.h"

namespace control {

// What a socket lets its clients do: `read` may only look, `admin` may change things too.
enum class Level : uint8_t { kRead, kAdmin };

// Goes out as one line, "error: TEXT", or "error N: TEXT" when lbctl is to exit with another status
// than 1.
struct CommandError {
  std::string text;
  int status = 1;
};

// The whole text that the client gets, its last newline included.
using Reply = std::expected<std::string, CommandError>;

struct Command;

// One execution. Everything it points to outlives the call.
struct Call {
  std::span<const std::string_view> arguments;  // what follows the command's own words
  bool json = false;                            // the trailing word `json` was given (and removed)
  std::string_view document;                    // what the client sent after its line
  Level level = Level::kRead;                   // of the socket that the client came through
  std::span<const Command> table;               // the table that this command was found in
  // Null where nothing can be changed, as in a replay; never null for commands of level admin.
  Changes* changes = nullptr;
};

struct Command {
  std::string_view words;    // "show services"
  std::string_view grammar;  // "[NAME]"; empty: takes no arguments, and none reach `run`
  std::string_view help;     // one line
  Level level = Level::kRead;
  bool json =
      true;  // understands the trailing word `json`; false: that word is an argument like others
  // True when these arguments are followed by a document. Null: never.
  bool (*wants_document)(std::span<const std::string_view> arguments) = nullptr;
  // True when the command is of a kind that changes something with these arguments. Null: its level
  // says so.
  bool (*is_change)(std::span<const std::string_view> arguments) = nullptr;
  // Called on the control thread, which forwards no packets but does everything else: must not
  // block.
  Reply (*run)(Facts& facts, const Call& call) = nullptr;
};

}  // namespace control
