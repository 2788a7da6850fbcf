#include "lb/state.h"

namespace lb {
namespace {

constexpr State ES = State::kEstablished, SS = State::kSynSent, SR = State::kSynRecv,
                FW = State::kFinWait, TW = State::kTimeWait, CL = State::kClose,
                CW = State::kCloseWait, UD = State::kUdp;

enum Event { kSyn, kFin, kAck, kRst, kEvents };

// [side][event][state]
constexpr State kNext[3][kEvents][kStates] = {
    // clang-format off
    // from:      ES  SS  SR  FW  TW  CL  CW  UDP
    {  // client
        /*syn*/ { ES, ES, SR, SR, SR, SR, SR, UD },
        /*fin*/ { CW, SS, TW, TW, TW, CL, CW, UD },
        /*ack*/ { ES, SS, ES, FW, TW, CL, CW, UD },
        /*rst*/ { CL, CL, SR, CL, CL, CL, CL, UD },
    },
    {  // server
        /*syn*/ { ES, SS, SR, SS, SS, SS, SS, UD },
        /*fin*/ { FW, SS, TW, FW, TW, CL, TW, UD },
        /*ack*/ { ES, SS, ES, FW, TW, CL, CW, UD },
        /*rst*/ { CL, SS, CL, CL, TW, CL, CL, UD },
    },
    {  // client only
        /*syn*/ { ES, ES, SR, SR, SR, SR, SR, UD },
        /*fin*/ { FW, SS, TW, FW, TW, CL, CW, UD },
        /*ack*/ { ES, SS, ES, FW, TW, CL, CW, UD },
        /*rst*/ { CL, CL, SR, CL, CL, CL, CL, UD },
    },
    // clang-format on
};

constexpr std::string_view kNames[kStates] = {
    "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "UDP",
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
