#include "control/explanation.h"

namespace control {

std::string_view to_string(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::kConnection:
      return "connection";
    case Explanation::Outcome::kNew:
      return "new";
    case Explanation::Outcome::kReply:
      return "reply";
    case Explanation::Outcome::kMasquerade:
      return "masquerade";
    case Explanation::Outcome::kRouted:
      return "routed";
    case Explanation::Outcome::kKernel:
      return "kernel";
    case Explanation::Outcome::kRefused:
      break;
  }
  return "refused";
}

}  // namespace control
