#include "control/commands/set_service.h"

#include <fmt/format.h>

#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply set_service(Facts&, const Call& call) {
  if (call.arguments.size() < 3) {
    return std::unexpected(usage_error(kSetService, "expected a service, a key and a value"));
  }
  const auto service = find_service(*call.changes, call.arguments[0]);
  if (!service) return std::unexpected(service.error());
  const std::string_view key = call.arguments[1];
  const std::string_view value = joined(call.arguments, 2);
  auto wanted = with_key(**service, key, value);
  if (!wanted) return std::unexpected(CommandError{wanted.error()});
  const std::string name = wanted->name;
  const auto changed =
      call.changes->edit_service(key_of(**service), [&](conf::Service& edited) -> Change {
        edited = std::move(*wanted);
        return {};
      });
  if (!changed) return std::unexpected(error_of(changed.error()));
  return done(call, fmt::format("service {}: {} is {}", name, key, value));
}

}  // namespace control::commands
