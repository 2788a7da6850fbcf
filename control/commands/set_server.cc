#include "control/commands/set_server.h"

#include <fmt/format.h>

#include <charconv>

#include "conf/keys.h"
#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {
namespace {

// The two that change often and by the thousand, without a document being made of the server.
bool set_plain_key(conf::Server& server, std::string_view key, std::string_view value) {
  if (key == "weight") {
    uint16_t weight = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), weight);
    if (error != std::errc{} || end != value.data() + value.size()) return false;
    server.weight = weight;
    return true;
  }
  if (key != "state") return false;
  const auto state = conf::value_of(conf::kServerStates, value);
  if (state) server.state = *state;
  return state.has_value();
}

}  // namespace

Reply set_server(Facts&, const Call& call) {
  if (call.arguments.size() < 4) {
    return std::unexpected(
        usage_error(kSetServer, "expected a service, an address, a key and a value"));
  }
  const auto service = find_service(*call.changes, call.arguments[0]);
  if (!service) return std::unexpected(service.error());
  const auto address = parse_server(**service, call.arguments[1]);
  if (!address) return std::unexpected(usage_error(kSetServer, address.error()));
  const std::string_view key = call.arguments[2];
  const std::string_view value = joined(call.arguments, 3);
  const std::string name = (*service)->name;
  const auto changed =
      call.changes->edit_service(key_of(**service), [&](conf::Service& edited) -> Change {
        const auto place = edited.place_of(*address);
        if (!place) return std::unexpected(no_such_server(edited, *address));
        conf::Server& server = edited.servers[*place];
        if (set_plain_key(server, key, value)) return {};
        auto wanted = with_key(edited, server, key, value);
        if (!wanted) return std::unexpected(Refusal{Refusal::Kind::kInvalid, wanted.error()});
        if (wanted->address != server.address) {
          return std::unexpected(
              Refusal{Refusal::Kind::kInvalid,
                      "address: a server's address stays what it is: add another server"});
        }
        server = std::move(*wanted);
        return {};
      });
  if (!changed) return std::unexpected(error_of(changed.error()));
  return done(call,
              fmt::format("server {} of {}: {} is {}", address->to_string(), name, key, value));
}

}  // namespace control::commands
