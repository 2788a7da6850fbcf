// What the commands that change something have in common.
#pragma once

#include <optional>
#include <string>

#include "control/command.h"

namespace control::commands {

// The reply of a change that was made: `what` as a line, or as {"done": what}.
std::string done(const Call& call, std::string_view what);

// The reply of what makes many: a line each, or {"changes": [...]}.
std::string changes_reply(const Call& call, const std::vector<std::string>& lines);

CommandError error_of(const Refusal& refusal);

// The service of a name, or of what its name would be if it had none. The error lists the names.
std::expected<const conf::Service*, CommandError> find_service(const ServiceTable& table,
                                                               std::string_view name);

// "IP" or "IP:port" as an operator writes a real server of the service.
std::expected<lb::Endpoint, std::string> parse_server(const conf::Service& service,
                                                      std::string_view text);

// What is left of the arguments of a deletion: nothing, `force`, or `deadline SECONDS`.
std::expected<Farewell, std::string> parse_farewell(std::span<const std::string_view> words);

// Whether something that was deleted before, and drains, ends by this farewell instead.
bool hastened(Changes& changes, std::string_view service, const std::optional<lb::Endpoint>& server,
              const Farewell& farewell);

Refusal no_such_server(const conf::Service& service, const lb::Endpoint& address);

// Arguments from `first` on, as they stood in the command line, blanks included.
std::string_view joined(std::span<const std::string_view> arguments, size_t first);

// A service, or a server of it, with one key's value replaced by what an operator typed. The error
// is what is wrong with the value or the key.
std::expected<conf::Service, std::string> with_key(const conf::Service& service,
                                                   std::string_view key, std::string_view value);
std::expected<conf::Server, std::string> with_key(const conf::Service& service,
                                                  const conf::Server& server, std::string_view key,
                                                  std::string_view value);

}  // namespace control::commands
