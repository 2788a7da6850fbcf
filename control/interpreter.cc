#include "control/interpreter.h"

#include <fmt/format.h>

#include <exception>

#include "control/log.h"

namespace control {

std::string error_line(const CommandError& error) {
  std::string line = error.status == 1 ? "error: " : fmt::format("error {}: ", error.status);
  for (const char c : error.text) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return line + '\n';
}

bool Interpreter::wants_document(std::string_view line, Level level) const {
  const auto resolved = resolve(table_, line, level);
  return resolved && resolved->command->wants_document != nullptr &&
         resolved->command->wants_document(resolved->arguments);
}

bool Interpreter::is_change(std::string_view line, Level level) const {
  const auto resolved = resolve(table_, line, level);
  if (!resolved) return false;
  const Command& command = *resolved->command;
  if (command.is_change == nullptr) return command.level == Level::kAdmin;
  return command.is_change(resolved->arguments);
}

Answer Interpreter::answer(std::string_view line, Level level, std::string_view document) const {
  const auto resolved = resolve(table_, line, level);
  if (!resolved) return {error_line(resolved.error()), resolved.error().text};
  Reply reply = run(*resolved, level, document);
  if (reply) return {*std::move(reply), {}};
  return {error_line(reply.error()), std::move(reply.error().text)};
}

// What nobody thought of ends the command, and not the director.
Reply Interpreter::run(const Resolved& resolved, Level level, std::string_view document) const {
  const Command& command = *resolved.command;
  if (command.level == Level::kAdmin && changes_ == nullptr) {
    return std::unexpected(
        CommandError{fmt::format("{}: nothing can be changed here", command.words)});
  }
  const Call call{.arguments = resolved.arguments,
                  .json = resolved.json,
                  .document = document,
                  .level = level,
                  .table = table_,
                  .changes = changes_};
  try {
    return command.run(facts_, call);
  } catch (const std::exception& error) {
    log::error("{}: a defect of lbd: {}", command.words, error.what());
    return std::unexpected(
        CommandError{fmt::format("{}: a defect of lbd: {}", command.words, error.what())});
  }
}

}  // namespace control
