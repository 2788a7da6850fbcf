#include "control/ipvsadm/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/ipvsadm/change.h"
#include "control/ipvsadm/help.h"
#include "control/ipvsadm/listing.h"
#include "control/ipvsadm/options.h"
#include "control/ipvsadm/restore.h"
#include "control/ipvsadm/rules.h"

namespace control::ipvsadm {
namespace {

Reply list_one(std::vector<ServiceFacts> services, const Request& request) {
  if (const auto* wanted = std::get_if<ServiceSelection>(&request.service)) {
    const auto found = std::ranges::find_if(services, [&](const ServiceFacts& service) {
      return service.protocol == wanted->protocol && service.address == wanted->address;
    });
    if (found != services.end()) return list_services({*found}, request.list, system_port_names());
  }
  return std::unexpected(CommandError{"No such service", 1});
}

Reply list(Facts& facts, const Request& request) {
  const ListOptions& options = request.list;
  if (options.connection) {
    const auto page = facts.connections(
        {.service = {}, .server = {}, .client = {}, .limit = {}, .client_holds = true});
    if (!page) return std::unexpected(CommandError{page.error()});
    return list_connections(page->connections, options, system_port_names());
  }
  if (options.timeout) return list_timeouts(facts.timeouts());
  if (options.daemon) return "";
  if (!std::holds_alternative<std::monostate>(request.service)) {
    return list_one(facts.services(), request);
  }
  return list_title(facts.info().connection_capacity) +
         list_services(facts.services(), options, system_port_names());
}

Change clear(Changes& changes) {
  conf::Config wanted = changes.running();
  wanted.services.clear();
  return changes.replace(std::move(wanted));
}

Change zero(Changes& changes, const Request& request) {
  const auto* service = std::get_if<ServiceSelection>(&request.service);
  if (service == nullptr) return changes.clear_counters(std::nullopt);
  return changes.clear_counters(ServiceKey{service->protocol, service->address});
}

Outcome execute(const Request& request, Changes& changes, std::string_view document,
                const conf::Vocabulary& vocabulary) {
  const auto outcome = [&](const Change& change) -> Outcome {
    if (change) return {};
    return std::unexpected(in_its_words(request.verb, change.error()));
  };
  switch (request.verb) {
    case Verb::kClear:
      return outcome(clear(changes));
    case Verb::kZero:
      return outcome(zero(changes, request));
    case Verb::kSetTimeouts:
      return outcome(changes.set_timeouts(with_timeouts(changes.running().timeouts, request)));
    case Verb::kRestore: {
      auto restored = restore(document, changes.running(), vocabulary);
      if (!restored) return std::unexpected(restored.error());
      Change done = changes.replace(restored->wanted);
      if (!done) done.error().text = restored->in_lines(done.error().text);
      return outcome(done);
    }
    default:
      return change(request, changes, vocabulary);
  }
}

}  // namespace

Reply run(Facts& facts, const Call& call, const conf::Vocabulary& vocabulary) {
  const auto request = parse(call.arguments);
  if (!request) return std::unexpected(request.error());
  switch (request->verb) {
    case Verb::kList:
      return list(facts, *request);
    case Verb::kSave:
      return rules(facts.services(), request->list.numeric, system_port_names());
    case Verb::kHelp:
      return std::string(kVersionLine) + std::string(kHelp);
    case Verb::kVersion:
      return std::string(kVersionLine);
    default:
      break;
  }
  if (call.changes == nullptr) {
    return std::unexpected(CommandError{
        fmt::format("ipvsadm {}: nothing can be changed here", call.arguments.front()), kUsage});
  }
  if (call.level != Level::kAdmin) {
    return std::unexpected(
        CommandError{fmt::format("ipvsadm {}: this socket may only look; use one with level admin",
                                 call.arguments.front()),
                     kUsage});
  }
  if (const auto done = execute(*request, *call.changes, call.document, vocabulary); !done) {
    return std::unexpected(done.error());
  }
  return "";
}

}  // namespace control::ipvsadm
