// TCP states: what the kernel's own LVS was recorded to do, and its whole table.
#include "lb/state.h"

#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using lb::Side;
using lb::State;

namespace {

constexpr State kAllStates[] = {State::kEstablished, State::kSynSent,  State::kSynRecv,
                                State::kFinWait,     State::kTimeWait, State::kClose,
                                State::kCloseWait,   State::kUdp,      State::kIcmp};
static_assert(std::size(kAllStates) == lb::kStates);
constexpr Side kAllSides[] = {Side::kClient, Side::kServer, Side::kClientOnly};

uint8_t flags_of(const std::string& letters) {
  uint8_t flags = 0;
  for (const char letter : letters) {
    switch (letter) {
      case 'S':
        flags |= lb::tcp::kSyn;
        break;
      case 'F':
        flags |= lb::tcp::kFin;
        break;
      case 'R':
        flags |= lb::tcp::kRst;
        break;
      case 'A':
        flags |= lb::tcp::kAck;
        break;
      case 'P':
        flags |= 0x08;
        break;
      case 'U':
        flags |= 0x20;
        break;
      case 'E':
        flags |= 0x40;
        break;
      case 'C':
        flags |= 0x80;
        break;
      default:
        FAIL("unknown flag " << letter);
    }
  }
  return flags;
}

// Plays events as the recorded vectors write them: "cS rSA cFA" is a client's SYN, the real
// server's SYN+ACK, the client's FIN+ACK. Returns the state after each. A connection starts with
// its SYN.
std::string play(bool replies_seen, const std::string& events) {
  std::istringstream words(events);
  std::string states;
  State state = State::kSynRecv;
  for (std::string event; words >> event;) {
    const Side side = event[0] == 'r' ? Side::kServer
                      : replies_seen  ? Side::kClient
                                      : Side::kClientOnly;
    if (!states.empty()) state = lb::next_tcp_state(state, side, flags_of(event.substr(1)));
    states += (states.empty() ? "" : " ") + std::string(lb::to_string(state));
  }
  return states;
}

struct Recorded {
  const char* vector;
  const char* events;
  const char* states;
};

// "ES>CW" reads: from ESTABLISHED to CLOSE_WAIT.
State state_of(const std::string& letters) {
  static const std::vector<std::string> names = {"ES", "SS", "SR", "FW", "TW", "CL", "CW"};
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == letters) return kAllStates[i];
  }
  FAIL("unknown state " << letters);
  return State::kUdp;
}

}  // namespace

TEST_CASE("with both directions seen, states follow the recorded ones of LVS in NAT") {
  const Recorded row = GENERATE(values<Recorded>({
      {"nat-state-client-close", "cS rSA cA cFA rA rFA cA",
       "SYN_RECV SYN_RECV ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT"},
      {"nat-state-server-close", "cS rSA cA rFA cA cFA rA",
       "SYN_RECV SYN_RECV ESTABLISHED FIN_WAIT FIN_WAIT TIME_WAIT TIME_WAIT"},
      {"nat-state-est-rst-by-client", "cS rSA cA cRA", "SYN_RECV SYN_RECV ESTABLISHED CLOSE"},
      {"nat-state-est-rst-by-server", "cS rSA cA rR", "SYN_RECV SYN_RECV ESTABLISHED CLOSE"},
      {"nat-state-est-syn", "cS rSA cA cS rA",
       "SYN_RECV SYN_RECV ESTABLISHED ESTABLISHED ESTABLISHED"},
      {"nat-state-fin-then-syn", "cS rSA cA cFA rFA cA cS",
       "SYN_RECV SYN_RECV ESTABLISHED CLOSE_WAIT TIME_WAIT TIME_WAIT SYN_RECV"},
      {"nat-state-rst-then-syn", "cS rSA cA cRA cS",
       "SYN_RECV SYN_RECV ESTABLISHED CLOSE SYN_RECV"},
      {"nat-state-syn-retrans", "cS cS rSA rSA cA",
       "SYN_RECV SYN_RECV SYN_RECV SYN_RECV ESTABLISHED"},
      {"nat-state-syn-rst-by-client", "cS cR", "SYN_RECV SYN_RECV"},
      {"nat-state-syn-rst-by-server", "cS rRA", "SYN_RECV CLOSE"},
      {"nat-state-synack-lost-ack-data", "cS rSA cPA", "SYN_RECV SYN_RECV ESTABLISHED"},
      // The reference's table, where no vector goes that far.
      {"data after a reset", "cS rSA cA cRA cPA rA cFA",
       "SYN_RECV SYN_RECV ESTABLISHED CLOSE CLOSE CLOSE CLOSE"},
      {"SYN while the client closes", "cS rSA cA cFA cS",
       "SYN_RECV SYN_RECV ESTABLISHED CLOSE_WAIT SYN_RECV"},
      {"SYN while the server closes", "cS rSA cA rFA cS",
       "SYN_RECV SYN_RECV ESTABLISHED FIN_WAIT SYN_RECV"},
  }));
  INFO(row.vector);
  CHECK(play(true, row.events) == row.states);
}

TEST_CASE("with the client's side alone, states follow the recorded ones of LVS in DR and tunnel") {
  const Recorded row = GENERATE(values<Recorded>({
      {"dr-state-client-close", "cS cA cPA cFA cA",
       "SYN_RECV ESTABLISHED ESTABLISHED FIN_WAIT FIN_WAIT"},
      {"dr-state-est-syn", "cS cA cS", "SYN_RECV ESTABLISHED ESTABLISHED"},
      {"dr-state-fin-then-syn", "cS cA cFA cA cS",
       "SYN_RECV ESTABLISHED FIN_WAIT FIN_WAIT SYN_RECV"},
      {"dr-state-rst", "cS cA cRA", "SYN_RECV ESTABLISHED CLOSE"},
      {"dr-state-syn-rst", "cS cR", "SYN_RECV SYN_RECV"},
      {"dr-state-syn-syn", "cS cS cA", "SYN_RECV SYN_RECV ESTABLISHED"},
      {"tun-state-client-close", "cS cA cFA cA", "SYN_RECV ESTABLISHED FIN_WAIT FIN_WAIT"},
      {"data after a reset", "cS cA cRA cPA cFA", "SYN_RECV ESTABLISHED CLOSE CLOSE CLOSE"},
      {"SYN after a reset", "cS cA cRA cS", "SYN_RECV ESTABLISHED CLOSE SYN_RECV"},
      {"reset after FIN", "cS cA cFA cRA", "SYN_RECV ESTABLISHED FIN_WAIT CLOSE"},
  }));
  INFO(row.vector);
  CHECK(play(false, row.events) == row.states);
}

TEST_CASE("the whole table of transitions is LVS's") {
  struct Row {
    Side side;
    const char* flags;
    const char* transitions;
  };
  const Row row = GENERATE(values<Row>({
      {Side::kClient, "S", "ES>ES SS>ES SR>SR FW>SR TW>SR CL>SR CW>SR"},
      {Side::kClient, "F", "ES>CW SS>SS SR>TW FW>TW TW>TW CL>CL CW>CW"},
      {Side::kClient, "A", "ES>ES SS>SS SR>ES FW>FW TW>TW CL>CL CW>CW"},
      {Side::kClient, "R", "ES>CL SS>CL SR>SR FW>CL TW>CL CL>CL CW>CL"},
      {Side::kServer, "S", "ES>ES SS>SS SR>SR FW>SS TW>SS CL>SS CW>SS"},
      {Side::kServer, "F", "ES>FW SS>SS SR>TW FW>FW TW>TW CL>CL CW>TW"},
      {Side::kServer, "A", "ES>ES SS>SS SR>ES FW>FW TW>TW CL>CL CW>CW"},
      {Side::kServer, "R", "ES>CL SS>SS SR>CL FW>CL TW>TW CL>CL CW>CL"},
      {Side::kClientOnly, "S", "ES>ES SS>ES SR>SR FW>SR TW>SR CL>SR CW>SR"},
      {Side::kClientOnly, "F", "ES>FW SS>SS SR>TW FW>FW TW>TW CL>CL CW>CW"},
      {Side::kClientOnly, "A", "ES>ES SS>SS SR>ES FW>FW TW>TW CL>CL CW>CW"},
      {Side::kClientOnly, "R", "ES>CL SS>CL SR>SR FW>CL TW>CL CL>CL CW>CL"},
  }));
  std::istringstream words(row.transitions);
  for (std::string word; words >> word;) {
    CAPTURE(static_cast<int>(row.side), row.flags, word);
    CHECK(lb::next_tcp_state(state_of(word.substr(0, 2)), row.side, flags_of(row.flags)) ==
          state_of(word.substr(3)));
  }
}

TEST_CASE("of several flags RST weighs most, then SYN, then FIN, then ACK") {
  for (const Side side : kAllSides) {
    for (const State state : kAllStates) {
      for (unsigned flags = 0; flags < 256; ++flags) {
        const char* heaviest = flags & lb::tcp::kRst   ? "R"
                               : flags & lb::tcp::kSyn ? "S"
                               : flags & lb::tcp::kFin ? "F"
                               : flags & lb::tcp::kAck ? "A"
                                                       : "";
        REQUIRE(lb::next_tcp_state(state, side, static_cast<uint8_t>(flags)) ==
                lb::next_tcp_state(state, side, flags_of(heaviest)));
      }
    }
  }
}

TEST_CASE("a packet without RST, SYN, FIN or ACK changes no state") {
  for (const Side side : kAllSides) {
    for (const State state : kAllStates) {
      for (const char* flags : {"", "P", "U", "PUEC"}) {
        REQUIRE(lb::next_tcp_state(state, side, flags_of(flags)) == state);
      }
    }
  }
}

TEST_CASE("what is said to leave the usual state of a protocol leaves it") {
  for (const auto protocol : {lb::Protocol::kTcp, lb::Protocol::kUdp, lb::Protocol::kIcmp}) {
    const State state = lb::usual_state(protocol);
    for (unsigned flags = 0; flags < 256; ++flags) {
      if (lb::may_change_usual_state(static_cast<uint8_t>(flags))) continue;
      for (const Side side : kAllSides) {
        REQUIRE(lb::next_tcp_state(state, side, static_cast<uint8_t>(flags)) == state);
      }
    }
  }
  CHECK_FALSE(lb::may_change_usual_state(flags_of("PA")));
  CHECK_FALSE(lb::may_change_usual_state(0));
  for (const char* flags : {"S", "SA", "FA", "R", "RA"}) {
    CHECK(lb::may_change_usual_state(flags_of(flags)));
  }
}

TEST_CASE("UDP stays UDP and ICMP stays ICMP, whatever bits are read as flags") {
  for (const Side side : kAllSides) {
    for (unsigned flags = 0; flags < 256; ++flags) {
      for (const State state : {State::kUdp, State::kIcmp}) {
        REQUIRE(lb::next_tcp_state(state, side, static_cast<uint8_t>(flags)) == state);
      }
    }
  }
}

TEST_CASE("states have ipvsadm's names, each its own") {
  std::set<std::string_view> names;
  for (const State state : kAllStates) names.insert(lb::to_string(state));
  CHECK(names == std::set<std::string_view>{"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT",
                                            "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "UDP", "ICMP"});
}

TEST_CASE("a connection is active from its SYN to the first FIN or RST, UDP and ICMP never") {
  for (const State state : kAllStates) {
    CAPTURE(lb::to_string(state));
    CHECK(lb::is_active(state) ==
          (state == State::kEstablished || state == State::kSynRecv || state == State::kSynSent));
  }
}

TEST_CASE(
    "a SYN starts a new connection over one that is closed, in NAT only once both have closed") {
  for (const State state : kAllStates) {
    CAPTURE(lb::to_string(state));
    const bool closed = state == State::kTimeWait || state == State::kClose;
    CHECK(lb::gives_way_to_syn(state, true) == closed);
    CHECK(lb::gives_way_to_syn(state, false) == (closed || state == State::kFinWait));
  }
}
