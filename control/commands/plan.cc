#include "control/commands/plan.h"

#include "conf/load.h"
#include "control/commands/change.h"
#include "control/resolve.h"
#include "control/vocabulary.h"

namespace control::commands {

bool plan_wants_document(std::span<const std::string_view> arguments) {
  return arguments.size() == 1 && arguments[0] == "-";
}

Reply plan(Facts&, const Call& call) {
  if (!plan_wants_document(call.arguments)) {
    return std::unexpected(usage_error(kPlan, "the document follows the line, so say \"plan -\""));
  }
  if (call.changes == nullptr) return std::unexpected(CommandError{"nothing can be changed here"});
  const auto wanted = conf::load(call.document, vocabulary());
  if (!wanted) return std::unexpected(CommandError{conf::one_line(wanted.error())});
  const auto lines = call.changes->plan(*wanted);
  if (!lines) return std::unexpected(error_of(lines.error()));
  return changes_reply(call, *lines);
}

}  // namespace control::commands
