#include "control/interpreter.h"

#include <fmt/format.h>

#include "control/resolve.h"

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

std::string Interpreter::execute(std::string_view line, Level level,
                                 std::string_view document) const {
  const auto resolved = resolve(table_, line, level);
  if (!resolved) return error_line(resolved.error());
  if (resolved->command->level == Level::kAdmin && changes_ == nullptr) {
    return error_line({fmt::format("{}: nothing can be changed here", resolved->command->words)});
  }
  const Call call{.arguments = resolved->arguments,
                  .json = resolved->json,
                  .document = document,
                  .level = level,
                  .table = table_,
                  .changes = changes_};
  Reply reply = resolved->command->run(facts_, call);
  return reply ? *std::move(reply) : error_line(reply.error());
}

}  // namespace control
