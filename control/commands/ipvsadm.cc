#include "control/commands/ipvsadm.h"

#include <algorithm>

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

}  // namespace control::commands
