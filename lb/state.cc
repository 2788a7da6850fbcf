#include "lb/state.h"

#include <optional>

namespace lb {
namespace {

constexpr State ES = State::kEstablished, SS = State::kSynSent, SR = State::kSynRecv,
                FW = State::kFinWait, TW = State::kTimeWait, CL = State::kClose,
                CW = State::kCloseWait, UD = State::kUdp, IC = State::kIcmp;

enum Event { kSyn, kFin, kAck, kRst, kEvents };

// [side][event][state]
constexpr State kNext[3][kEvents][kStates] = {
    // clang-format off
    // from:      ES  SS  SR  FW  TW  CL  CW  UDP ICMP
    {  // client
        /*syn*/ { ES, ES, SR, SR, SR, SR, SR, UD, IC },
        /*fin*/ { CW, SS, TW, TW, TW, CL, CW, UD, IC },
        /*ack*/ { ES, SS, ES, FW, TW, CL, CW, UD, IC },
        /*rst*/ { CL, CL, SR, CL, CL, CL, CL, UD, IC },
    },
    {  // server
        /*syn*/ { ES, SS, SR, SS, SS, SS, SS, UD, IC },
        /*fin*/ { FW, SS, TW, FW, TW, CL, TW, UD, IC },
        /*ack*/ { ES, SS, ES, FW, TW, CL, CW, UD, IC },
        /*rst*/ { CL, SS, CL, CL, TW, CL, CL, UD, IC },
    },
    {  // client only
        /*syn*/ { ES, ES, SR, SR, SR, SR, SR, UD, IC },
        /*fin*/ { FW, SS, TW, FW, TW, CL, CW, UD, IC },
        /*ack*/ { ES, SS, ES, FW, TW, CL, CW, UD, IC },
        /*rst*/ { CL, CL, SR, CL, CL, CL, CL, UD, IC },
    },
    // clang-format on
};

constexpr std::optional<Event> weightiest(unsigned flags) {
  if (flags & tcp::kRst) return kRst;
  if (flags & tcp::kSyn) return kSyn;
  if (flags & tcp::kFin) return kFin;
  if (flags & tcp::kAck) return kAck;
  return std::nullopt;
}

constexpr TcpTransitions transitions() {
  TcpTransitions result{};
  for (size_t side = 0; side < result.size(); ++side) {
    for (unsigned flags = 0; flags < result[side].size(); ++flags) {
      const std::optional<Event> event = weightiest(flags);
      for (size_t state = 0; state < kStates; ++state) {
        result[side][flags][state] = event ? kNext[side][*event][state] : static_cast<State>(state);
      }
    }
  }
  return result;
}

constexpr std::string_view kNames[kStates] = {
    "ESTABLISHED", "SYN_SENT",   "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
    "CLOSE",       "CLOSE_WAIT", "UDP",      "ICMP",
};

}  // namespace

constexpr TcpTransitions kTcpTransitions = transitions();

std::string_view to_string(State state) { return kNames[static_cast<size_t>(state)]; }

}  // namespace lb
