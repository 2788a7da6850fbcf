// Connection states, as LVS tracks them (Linux net/netfilter/ipvs/ip_vs_proto_tcp.c, observed in
// the recorded vectors nat-state-* and dr-state-*). UDP and ICMP echo have one state each.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lb/address.h"
#include "lb/tick.h"

namespace lb {

enum class State : uint8_t {
  kEstablished,
  kSynSent,  // the real server sent a SYN on a connection that was closing
  kSynRecv,
  kFinWait,
  kTimeWait,
  kClose,
  kCloseWait,
  kUdp,
  kIcmp,
};
inline constexpr size_t kStates = 9;

// Whose packet it is, and whether the other half is seen at all.
enum class Side : uint8_t {
  kClient,      // from the client, replies pass the director too (NAT)
  kServer,      // from the real server
  kClientOnly,  // from the client, replies bypass the director (DR, tunnel)
};

// Bits of the TCP flags byte (RFC 9293 section 3.1).
namespace tcp {
inline constexpr uint8_t kFin = 0x01;
inline constexpr uint8_t kSyn = 0x02;
inline constexpr uint8_t kRst = 0x04;
inline constexpr uint8_t kAck = 0x10;
}  // namespace tcp

// ipvsadm's name: "ESTABLISHED", "SYN_RECV", …, "UDP", "ICMP".
std::string_view to_string(State state);

// By side, the five lowest flags and state. Of UDP and ICMP, which have no flags, the state stays.
using TcpTransitions = std::array<std::array<std::array<State, kStates>, 32>, 3>;
extern const TcpTransitions kTcpTransitions;

// The state after a TCP packet with these flags. RST weighs most, then SYN, FIN, ACK; a packet with
// none of them changes nothing.
inline State next_tcp_state(State state, Side side, uint8_t flags) {
  return kTcpTransitions[static_cast<size_t>(side)][flags & 31][static_cast<size_t>(state)];
}

// The state of a connection that a TCP packet without RST opens: LVS's row for no state.
constexpr State first_tcp_state(uint8_t flags) {
  if ((flags & tcp::kSyn) != 0) return State::kSynRecv;
  const bool goes_on = (flags & (tcp::kFin | tcp::kAck)) == tcp::kAck;
  return goes_on ? State::kEstablished : State::kClose;
}

// Whether a packet with these flags may change the usual state of a connection (see usual_state).
constexpr bool may_change_usual_state(uint8_t flags) {
  return (flags & (tcp::kSyn | tcp::kFin | tcp::kRst)) != 0;
}

// A connection counts as active in these states and as inactive in the others. UDP is never active.
constexpr bool is_active(State state) {
  return state == State::kEstablished || state == State::kSynSent || state == State::kSynRecv;
}

// Whether a SYN that meets a connection in this state starts a new one at once (LVS:
// conn_reuse_mode=1; FIN_WAIT is DR's last state, in NAT the server still has to close).
constexpr bool gives_way_to_syn(State state, bool replies_seen) {
  return state == State::kTimeWait || state == State::kClose ||
         (state == State::kFinWait && !replies_seen);
}

// The state in which a connection of a protocol has most of its packets.
constexpr State usual_state(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return State::kEstablished;
    case Protocol::kUdp:
      return State::kUdp;
    case Protocol::kIcmp:
      return State::kIcmp;
  }
  return State::kEstablished;
}

// Idle time in ticks after which a connection in a state ends.
using Timeouts = std::array<Tick, kStates>;

}  // namespace lb
