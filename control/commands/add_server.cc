#include "control/commands/add_server.h"

#include <fmt/format.h>

#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply add_server(Facts&, const Call& call) {
  if (call.arguments.size() < 2 || call.arguments.size() % 2 != 0) {
    return std::unexpected(
        usage_error(kAddServer, "expected a service, an address, and keys with a value each"));
  }
  const auto service = find_service(*call.changes, call.arguments[0]);
  if (!service) return std::unexpected(service.error());
  const auto address = parse_server(**service, call.arguments[1]);
  if (!address) return std::unexpected(usage_error(kAddServer, address.error()));
  conf::Server server;
  server.address = *address;
  server.forward = (*service)->forward;
  server.forward_options = (*service)->forward_options;
  for (size_t i = 2; i < call.arguments.size(); i += 2) {
    if (call.arguments[i] == "address") {
      return std::unexpected(usage_error(kAddServer, "the address is given already"));
    }
    for (size_t before = 2; before < i; before += 2) {
      if (call.arguments[before] != call.arguments[i]) continue;
      return std::unexpected(
          usage_error(kAddServer, fmt::format("{} is given twice", call.arguments[i])));
    }
    auto next = with_key(**service, server, call.arguments[i], call.arguments[i + 1]);
    if (!next) return std::unexpected(CommandError{next.error()});
    server = std::move(*next);
  }
  const std::string name = (*service)->name;
  const auto added =
      call.changes->edit_service(key_of(**service), [&](conf::Service& edited) -> Change {
        if (edited.place_of(server.address)) {
          return std::unexpected(Refusal{
              Refusal::Kind::kServerExists,
              fmt::format("{} has the server {} already", name, server.address.to_string())});
        }
        edited.servers.push_back(server);
        return {};
      });
  if (!added) return std::unexpected(error_of(added.error()));
  return done(call, fmt::format("server {} added to {}", server.address.to_string(), name));
}

}  // namespace control::commands
