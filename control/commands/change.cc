#include "control/commands/change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "conf/document.h"
#include "conf/findings.h"
#include "conf/load.h"
#include "conf/write.h"
#include "control/json_text.h"
#include "control/service_names.h"
#include "control/vocabulary.h"

namespace control::commands {
namespace {

using nlohmann::json;

// `null` makes a key absent, which is its default.
void put(json& object, std::string_view key, json value) {
  if (value.is_null()) {
    object.erase(std::string(key));
  } else {
    object[std::string(key)] = std::move(value);
  }
}

// Whether it can be meant for nothing but an object or a list of texts or objects.
bool looks_like_json(std::string_view text) {
  return text.starts_with('{') || text.starts_with("[\"") || text.starts_with("[{");
}

// Numbers, lists and so on as they are; what is not JSON and does not look so, or stands where a
// text is, as a text. Of repeated keys the parser would take the last, in silence: these are
// refused as the file's are.
std::expected<json, std::string> value_of(std::string_view key, std::string_view text,
                                          const json& current) {
  if (text == "null") return nullptr;
  if (current.is_string()) return std::string(text);
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded() && !looks_like_json(text)) return std::string(text);
  conf::Findings findings;
  const auto read = conf::parse_document(text, findings);
  std::vector<conf::Error> errors = read ? findings.in_file_order({}) : std::vector{read.error()};
  if (errors.empty()) return value;
  for (conf::Error& error : errors) error.pointer.insert(0, key);
  return std::unexpected(conf::one_line(errors));
}

json current_of(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() ? json() : *found;
}

std::expected<conf::Service, std::string> load(const json& document, std::string_view prefix) {
  auto service = conf::load_service(document.dump(), vocabulary());
  if (service) return std::move(*service);
  for (conf::Error& error : service.error()) {
    if (error.pointer.starts_with(prefix)) error.pointer.erase(0, prefix.size());
    if (error.pointer.starts_with("/")) error.pointer.erase(0, 1);
  }
  return std::unexpected(conf::one_line(service.error()));
}

}  // namespace

std::string done(const Call& call, std::string_view what) {
  return call.json ? json_text({{"done", what}}) : std::string(what) + '\n';
}

std::string changes_reply(const Call& call, const std::vector<std::string>& lines) {
  if (call.json) return json_text({{"changes", lines}});
  if (lines.empty()) return "nothing differs\n";
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

CommandError error_of(const Refusal& refusal) { return {refusal.text}; }

std::expected<const conf::Service*, CommandError> find_service(const ServiceTable& table,
                                                               std::string_view name) {
  for (const conf::Service& service : table.services()) {
    if (service.is_called(name)) return &service;
  }
  return std::unexpected(
      CommandError{no_such_service(name, table.services(), &conf::Service::name)});
}

std::expected<lb::Endpoint, std::string> parse_server(const conf::Service& service,
                                                      std::string_view text) {
  if (const auto address = lb::Endpoint::parse_or(text, service.address.port)) return *address;
  return std::unexpected(
      fmt::format("\"{}\" is no real server's address (expected IP or IP:port)", text));
}

std::expected<Farewell, std::string> parse_farewell(std::span<const std::string_view> words) {
  if (words.empty()) return Farewell{};
  if (words.size() == 1 && words[0] == "force") return Farewell{Farewell::Kind::kCut, {}};
  if (words.size() == 1 && words[0] == "deadline") {
    return std::unexpected("deadline without a number of seconds");
  }
  if (words[0] != "deadline" || words.size() != 2) {
    const size_t known = words[0] == "force" ? 1 : words[0] == "deadline" ? 2 : 0;
    return std::unexpected(
        fmt::format("unexpected \"{}\" (expected force, or deadline SECONDS)", words[known]));
  }
  uint32_t seconds = 0;
  const auto [end, error] =
      std::from_chars(words[1].data(), words[1].data() + words[1].size(), seconds);
  if (error != std::errc{} || end != words[1].data() + words[1].size()) {
    return std::unexpected(fmt::format("deadline \"{}\" is no whole number of seconds", words[1]));
  }
  return Farewell{Farewell::Kind::kDrain, seconds};
}

bool hastened(Changes& changes, std::string_view service, const std::optional<lb::Endpoint>& server,
              const Farewell& farewell) {
  const bool in_a_hurry = farewell.kind == Farewell::Kind::kCut || farewell.deadline_seconds;
  return in_a_hurry && changes.hasten(service, server, farewell).has_value();
}

Refusal no_such_server(const conf::Service& service, const lb::Endpoint& address) {
  return {Refusal::Kind::kNoSuchServer,
          fmt::format("{} has no server {}", service.name, address.to_string())};
}

std::string_view joined(std::span<const std::string_view> arguments, size_t first) {
  const char* begin = arguments[first].data();
  const char* end = arguments.back().data() + arguments.back().size();
  return {begin, static_cast<size_t>(end - begin)};
}

std::expected<conf::Service, std::string> with_key(const conf::Service& service,
                                                   std::string_view key, std::string_view value) {
  json document = conf::to_json(service);
  // Options are of what they stand beside.
  document.erase(std::string(key) + "_options");
  if (key == "forward") {
    // Servers that had the service's method go on having it.
    for (json& server : document["servers"]) {
      if (server["forward"] != service.forward) continue;
      server.erase("forward");
      server.erase("forward_options");
    }
    if (service.sorry_server && service.sorry_server->forward == service.forward) {
      document["sorry_server"].erase("forward");
      document["sorry_server"].erase("forward_options");
    }
  }
  // A name is text even where there is none yet and the new one looks like a number.
  const json current = key == "name" ? json(service.name) : current_of(document, key);
  auto read = value_of(key, value, current);
  if (!read) return std::unexpected(std::move(read.error()));
  put(document, key, std::move(*read));
  return load(document, "");
}

std::expected<conf::Server, std::string> with_key(const conf::Service& service,
                                                  const conf::Server& server, std::string_view key,
                                                  std::string_view value) {
  const conf::ServiceSettings& around = service;
  json document = conf::to_json(around);
  json one = conf::to_json(server, service);
  if (key == "forward") one.erase("forward_options");
  auto read = value_of(key, value, current_of(one, key));
  if (!read) return std::unexpected(std::move(read.error()));
  put(one, key, std::move(*read));
  document["servers"] = json::array({one});
  auto loaded = load(document, "/servers/0");
  if (!loaded) return std::unexpected(loaded.error());
  return loaded->servers.front();
}

}  // namespace control::commands
