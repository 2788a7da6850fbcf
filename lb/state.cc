#include "lb/state.h"

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

constexpr std::string_view kNames[kStates] = {
    "ESTABLISHED", "SYN_SENT",   "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
    "CLOSE",       "CLOSE_WAIT", "UDP",      "ICMP",
};

}  // namespace

std::string_view to_string(State state) { return kNames[static_cast<size_t>(state)]; }

State next_tcp_state(State state, Side side, uint8_t flags) {
  Event event;
  if (flags & tcp::kRst) {
    event = kRst;
  } else if (flags & tcp::kSyn) {
    event = kSyn;
  } else if (flags & tcp::kFin) {
    event = kFin;
  } else if (flags & tcp::kAck) {
    event = kAck;
  } else {
    return state;
  }
  return kNext[static_cast<size_t>(side)][event][static_cast<size_t>(state)];
}

}  // namespace lb
