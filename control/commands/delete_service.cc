#include "control/commands/delete_service.h"

#include <fmt/format.h>

#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply delete_service(Facts&, const Call& call) {
  if (call.arguments.empty()) {
    return std::unexpected(usage_error(kDeleteService, "no service named"));
  }
  const auto farewell = parse_farewell(call.arguments.subspan(1));
  if (!farewell) return std::unexpected(usage_error(kDeleteService, farewell.error()));
  const auto service = find_service(*call.changes, call.arguments[0]);
  if (!service && hastened(*call.changes, call.arguments[0], {}, *farewell)) {
    return done(
        call,
        fmt::format("service {} was deleted before: what is left of it ends then, if not before",
                    call.arguments[0]));
  }
  if (!service) return std::unexpected(service.error());
  const std::string name = (*service)->name;
  if (auto deleted = call.changes->delete_service(key_of(**service), *farewell); !deleted) {
    return std::unexpected(error_of(deleted.error()));
  }
  return done(call, fmt::format("service {} deleted", name));
}

}  // namespace control::commands
