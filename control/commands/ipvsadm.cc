#include "control/commands/ipvsadm.h"

#include <algorithm>

#include "control/ipvsadm/options.h"
#include "control/ipvsadm/run.h"
#include "control/vocabulary.h"

namespace control::commands {

Reply ipvsadm(Facts& facts, const Call& call) {
  return control::ipvsadm::run(facts, call, vocabulary());
}

bool ipvsadm_wants_document(std::span<const std::string_view> arguments) {
  return std::ranges::any_of(
      arguments, [](std::string_view word) { return word == "-R" || word == "--restore"; });
}

bool ipvsadm_is_change(std::span<const std::string_view> arguments) {
  const auto request = control::ipvsadm::parse(arguments);
  return request && request->changes();
}

}  // namespace control::commands
