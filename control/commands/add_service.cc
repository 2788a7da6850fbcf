#include "control/commands/add_service.h"

#include <fmt/format.h>

#include "conf/load.h"
#include "control/commands/change.h"
#include "control/resolve.h"
#include "control/vocabulary.h"

namespace control::commands {

Reply add_service(Facts&, const Call& call) {
  if (call.arguments.empty()) return std::unexpected(usage_error(kAddService, "no service given"));
  auto service = conf::load_service(joined(call.arguments, 0), vocabulary());
  if (!service) return std::unexpected(CommandError{conf::one_line(service.error())});
  const std::string name = service->name;
  const size_t servers = service->servers.size();
  if (auto added = call.changes->add_service(std::move(*service)); !added) {
    return std::unexpected(error_of(added.error()));
  }
  return done(call,
              fmt::format("service {} added, {} server{}", name, servers, servers == 1 ? "" : "s"));
}

}  // namespace control::commands
