#include "control/facts.h"

#include "control/explanation.h"

namespace control {

bool ServiceFacts::is_called(std::string_view word) const {
  return word == name || word == conf::derived_name(protocol, address);
}

std::expected<Explanation, std::string> Facts::explain(const ExplainQuery&) {
  return std::unexpected("there is no packet path here to ask");
}

}  // namespace control
