#include "control/commands/delete_server.h"

#include <fmt/format.h>

#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply delete_server(Facts&, const Call& call) {
  if (call.arguments.size() < 2) {
    return std::unexpected(usage_error(kDeleteServer, "expected a service and an address"));
  }
  const auto farewell = parse_farewell(call.arguments.subspan(2));
  if (!farewell) return std::unexpected(usage_error(kDeleteServer, farewell.error()));
  const auto service = find_service(*call.changes, call.arguments[0]);
  if (!service) return std::unexpected(service.error());
  const auto address = parse_server(**service, call.arguments[1]);
  if (!address) return std::unexpected(usage_error(kDeleteServer, address.error()));
  const std::string name = (*service)->name;
  if (!(*service)->place_of(*address) && hastened(*call.changes, name, *address, *farewell)) {
    return done(call,
                fmt::format("server {} was deleted from {} before: what is left of it ends then, "
                            "if not before",
                            address->to_string(), name));
  }
  const auto deleted = call.changes->edit_service(
      key_of(**service),
      [&](conf::Service& edited) -> Change {
        const auto place = edited.place_of(*address);
        if (!place) return std::unexpected(no_such_server(edited, *address));
        edited.servers.erase(edited.servers.begin() + static_cast<ptrdiff_t>(*place));
        return {};
      },
      *farewell);
  if (!deleted) return std::unexpected(error_of(deleted.error()));
  return done(call, fmt::format("server {} deleted from {}", address->to_string(), name));
}

}  // namespace control::commands
