#include "control/ipvsadm/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "control/ipvsadm/change.h"
#include "control/service_draft.h"

namespace control::ipvsadm {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(kBlank, at), line.size());
    const std::string_view word = line.substr(at, end - at);
    if (word.starts_with('#')) break;
    if (!words.empty() || word != "ipvsadm") words.push_back(word);
    at = line.find_first_not_of(kBlank, end);
  }
  return words;
}

constexpr size_t kShown = 200;  // of a line: a longer one would hide the message

std::string of_line(size_t number, std::string_view text, std::string_view line) {
  return fmt::format("line {}: {} ({})", number, text, line.substr(0, kShown));
}

// "/services/5/servers/0/address: found …" is 5, 0 and "found …".
struct Located {
  size_t service = 0;
  std::optional<size_t> server;
  std::string_view text;
};
std::optional<Located> locate(std::string_view refusal) {
  const size_t colon = refusal.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view pointer = refusal.substr(0, colon);
  const auto number_behind = [&](std::string_view key) -> std::optional<size_t> {
    if (!pointer.starts_with(key)) return std::nullopt;
    pointer.remove_prefix(key.size());
    size_t number = 0;
    const auto [end, error] =
        std::from_chars(pointer.data(), pointer.data() + pointer.size(), number);
    if (error != std::errc()) return std::nullopt;
    pointer.remove_prefix(static_cast<size_t>(end - pointer.data()));
    return number;
  };
  const auto service = number_behind("/services/");
  if (!service) return std::nullopt;
  return Located{*service, number_behind("/servers/"), refusal.substr(colon + 2)};
}

Outcome execute(const Request& request, ServiceDraft& draft, conf::Timeouts& timeouts,
                const conf::Vocabulary& vocabulary) {
  switch (request.verb) {
    case Verb::kAddService:
    case Verb::kEditService:
    case Verb::kDeleteService:
    case Verb::kAddServer:
    case Verb::kEditServer:
    case Verb::kDeleteServer:
      return change(request, draft, vocabulary);
    case Verb::kClear:
      draft.clear();
      return {};
    case Verb::kSetTimeouts:
      timeouts = with_timeouts(timeouts, request);
      return {};
    default:
      return usage_error("a table is made of -A, -E, -D, -C, -a, -e, -d and --set only");
  }
}

}  // namespace

void Restored::note(const Request& request, size_t number, std::string_view line) {
  const auto* service = std::get_if<ServiceSelection>(&request.service);
  if (service == nullptr) return;
  const ServiceKey key{service->protocol, service->address};
  const bool is_servers = request.verb == Verb::kAddServer || request.verb == Verb::kEditServer;
  const auto server = is_servers ? std::optional(request.server.address) : std::nullopt;
  lines_.insert_or_assign({key, server}, std::pair(number, std::string(line)));
}

std::string Restored::in_lines(const std::string& refusal) const {
  const auto located = locate(refusal);
  if (!located || located->service >= wanted.services.size()) return refusal;
  const conf::Service& service = wanted.services[located->service];
  auto found = lines_.end();
  if (located->server && *located->server < service.servers.size()) {
    found = lines_.find({key_of(service), service.servers[*located->server].address});
  }
  if (found == lines_.end()) found = lines_.find({key_of(service), std::nullopt});
  if (found == lines_.end()) return refusal;
  return of_line(found->second.first, located->text, found->second.second);
}

Parsed<Restored> restore(std::string_view document, conf::Config running,
                         const conf::Vocabulary& vocabulary) {
  ServiceDraft draft(running.services);
  Restored result(std::move(running));
  size_t number = 0;
  while (!document.empty()) {
    const size_t end = std::min(document.find('\n'), document.size());
    const std::string_view line = document.substr(0, end);
    document.remove_prefix(std::min(end + 1, document.size()));
    ++number;
    const std::vector<std::string_view> words = split(line);
    if (words.empty()) continue;
    const auto request = parse(words);
    const Outcome outcome = request ? execute(*request, draft, result.wanted.timeouts, vocabulary)
                                    : std::unexpected(request.error());
    if (!outcome) {
      const std::string text = outcome.error().text.substr(0, kShown);
      return std::unexpected(CommandError{of_line(number, text, line), outcome.error().status});
    }
    result.note(*request, number, line);
  }
  result.wanted.services = draft.services();
  return result;
}

}  // namespace control::ipvsadm
