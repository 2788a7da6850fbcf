#include "control/ipvsadm/restore.h"

#include <fmt/format.h>

#include <algorithm>
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

Parsed<conf::Config> restore(std::string_view document, conf::Config running,
                             const conf::Vocabulary& vocabulary) {
  ServiceDraft draft(running.services);
  size_t number = 0;
  while (!document.empty()) {
    const size_t end = std::min(document.find('\n'), document.size());
    const std::string_view line = document.substr(0, end);
    document.remove_prefix(std::min(end + 1, document.size()));
    ++number;
    const std::vector<std::string_view> words = split(line);
    if (words.empty()) continue;
    const auto request = parse(words);
    const Outcome outcome = request ? execute(*request, draft, running.timeouts, vocabulary)
                                    : std::unexpected(request.error());
    if (outcome) continue;
    constexpr size_t kShown = 200;  // a longer line would hide the message
    return std::unexpected(
        CommandError{fmt::format("line {}: {} ({})", number, outcome.error().text.substr(0, kShown),
                                 line.substr(0, kShown)),
                     outcome.error().status});
  }
  running.services = draft.services();
  return running;
}

}  // namespace control::ipvsadm
