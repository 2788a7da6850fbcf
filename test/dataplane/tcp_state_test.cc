// The states and idle times of the recorded vectors nat-state-* and dr-state-*, through the real
// path. Where ipvsadm showed 00:59, a full minute is left here: no time passes.
#include <sstream>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

// "cSA" or "rFA": who sends what.
Frame packet_of(const std::string& step) {
  return step[0] == 'c' ? tcp(kClient, kVip).flags(step.substr(1))
                        : tcp(kServer, kClient).flags(step.substr(1));
}

// Plays a vector's transitions, "cS:SYN_RECV/01:00 rSA:…", and says what they were. A second passes
// before each packet, so that a time that was not restarted shows.
std::string play(const std::string& forward, const std::string& transitions) {
  Lab lab(one_service("tcp", forward));
  std::istringstream words(transitions);
  std::string seen, word;
  while (words >> word) {
    const std::string step = word.substr(0, word.find(':'));
    lab.pass(1);
    lab.receive(step[0] == 'c' ? "wan" : "lan", {packet_of(step)});
    const Lines entries = lab.connections();
    REQUIRE(entries.size() == 1);
    std::istringstream entry(entries[0]);
    std::string protocol, left, state;
    entry >> protocol >> left >> state;
    seen += (seen.empty() ? "" : " ") + step + ":" + state + "/" + left;
  }
  CHECK(lab.drops() == "");
  return seen;
}

}  // namespace

// LVS's sysctl of that name (recorded vectors nat-first-*-sloppy1), and its row for no state.
TEST_CASE("with sloppy_tcp any packet but a reset opens a connection, in the state that it tells") {
  const auto [flags, state] = GENERATE(table<std::string, std::string>({{"A", "15:00 ESTABLISHED"},
                                                                        {"PA", "15:00 ESTABLISHED"},
                                                                        {"FA", "00:10 CLOSE"},
                                                                        {"F", "00:10 CLOSE"},
                                                                        {"", "00:10 CLOSE"},
                                                                        {"SA", "01:00 SYN_RECV"},
                                                                        {"S", "01:00 SYN_RECV"}}));
  const std::string forward = GENERATE("nat", "dr", "tunnel");
  std::vector<ServiceSetup> services = one_service("tcp", forward);
  services[0].sloppy_tcp = true;
  Lab lab(services);
  CHECK(lab.from_client(tcp(kClient, kVip).flags(flags)).size() == 1);
  const Lines connections = lab.connections();
  REQUIRE(connections.size() == 1);
  CHECK_THAT(connections[0], Catch::StartsWith("TCP " + state + " "));
  CHECK(lab.drops() == "");
}

TEST_CASE("with sloppy_tcp a reset of no connection still opens none") {
  std::vector<ServiceSetup> services = one_service("tcp");
  services[0].sloppy_tcp = true;
  Lab lab(services);
  for (const char* flags : {"R", "RA", "RS"}) {
    CHECK(lab.from_client(tcp(kClient, kVip).flags(flags)) == Lines{});
  }
  CHECK(lab.connections() == Lines{});
  CHECK(lab.drops() == "not_a_syn=3");
}

TEST_CASE("NAT connections pass through the states that LVS's were seen in") {
  const std::string vector = GENERATE(
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cFA:CLOSE_WAIT/01:00 "
      "rA:CLOSE_WAIT/01:00 rFA:TIME_WAIT/02:00 cA:TIME_WAIT/02:00",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cRA:CLOSE/00:10",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 rR:CLOSE/00:10",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cS:ESTABLISHED/15:00 "
      "rA:ESTABLISHED/15:00",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cFA:CLOSE_WAIT/01:00 "
      "rFA:TIME_WAIT/02:00 cA:TIME_WAIT/02:00 cS:SYN_RECV/01:00",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cRA:CLOSE/00:10 cS:SYN_RECV/01:00",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cA:ESTABLISHED/15:00 rFA:FIN_WAIT/02:00 "
      "cA:FIN_WAIT/02:00 cFA:TIME_WAIT/02:00 rA:TIME_WAIT/02:00",
      "cS:SYN_RECV/01:00 cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 rSA:SYN_RECV/01:00 "
      "cA:ESTABLISHED/15:00",
      "cS:SYN_RECV/01:00 cR:SYN_RECV/01:00", "cS:SYN_RECV/01:00 rRA:CLOSE/00:10",
      "cS:SYN_RECV/01:00 rSA:SYN_RECV/01:00 cPA:ESTABLISHED/15:00",
      // Data after RST is forwarded, stays CLOSE and starts its time again (reference, section 2).
      "cS:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cR:CLOSE/00:10 cPA:CLOSE/00:10 rPA:CLOSE/00:10");
  CHECK(play("nat", vector) == vector);
}

TEST_CASE("DR connections pass through the states that LVS's were seen in") {
  const std::string vector = GENERATE(
      "cS:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cPA:ESTABLISHED/15:00 cFA:FIN_WAIT/02:00 "
      "cA:FIN_WAIT/02:00",
      "cS:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cS:ESTABLISHED/15:00",
      "cS:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cFA:FIN_WAIT/02:00 cA:FIN_WAIT/02:00 "
      "cS:SYN_RECV/01:00",
      "cS:SYN_RECV/01:00 cA:ESTABLISHED/15:00 cRA:CLOSE/00:10",
      "cS:SYN_RECV/01:00 cR:SYN_RECV/01:00",
      "cS:SYN_RECV/01:00 cS:SYN_RECV/01:00 cA:ESTABLISHED/15:00");
  CHECK(play("dr", vector) == vector);
}

TEST_CASE("a packet without SYN, FIN, ACK and RST changes no state") {
  const std::string vector =
      "cS:SYN_RECV/01:00 c:SYN_RECV/01:00 cA:ESTABLISHED/15:00 c:ESTABLISHED/15:00";
  CHECK(play("nat", vector) == vector);
}

TEST_CASE("a UDP connection has one state whose time both directions start again") {
  Lab lab(one_service("udp"));
  const Lines fresh = {"UDP 05:00 UDP 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"};
  lab.from_client(udp(kClient, kVip));
  CHECK(lab.connections() == fresh);
  lab.pass(2);
  CHECK(lab.connections() == Lines{"UDP 04:58 UDP 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
  lab.from_server(udp(kServer, kClient));
  CHECK(lab.connections() == fresh);
  lab.pass(2);
  lab.from_client(udp(kClient, kVip));
  CHECK(lab.connections() == fresh);
  CHECK(lab.load("udp 10.1.0.100:80", kServer) == "0/1");
}

TEST_CASE("a connection ends when its idle time is over, and not before") {
  struct Case {
    const char* steps;
    unsigned seconds;
  };
  const Case c = GENERATE(Case{"cS", 60}, Case{"cS cA", 900}, Case{"cS cA cF", 60},
                          Case{"cS cA rF", 120}, Case{"cS cA cR", 10}, Case{"cS cA cF rF", 120});
  Lab lab(one_service());
  std::istringstream steps(c.steps);
  for (std::string step; steps >> step;) {
    lab.receive(step[0] == 'c' ? "wan" : "lan", {packet_of(step)});
    lab.pass(3);
  }
  lab.pass(c.seconds - 3 - 1);
  CHECK(lab.connections().size() == 1);
  lab.pass(2);
  CHECK(lab.connections().size() == 0);
  CHECK(lab.load("tcp 10.1.0.100:80", kServer) == "0/0");
  CHECK(lab.count(&dataplane::WorkerCounters::connections) == 0);
}

TEST_CASE("active and inactive connections are counted as LVS counts them") {
  Lab lab(one_service());
  const auto load = [&] { return lab.load("tcp 10.1.0.100:80", kServer); };
  lab.from_client(packet_of("cS"));
  CHECK(load() == "1/0");
  lab.from_client(packet_of("cA"));
  CHECK(load() == "1/0");
  lab.from_client(packet_of("cFA"));
  CHECK(load() == "0/1");
  lab.from_client(packet_of("cS"));
  // CLOSE_WAIT goes back to SYN_RECV by a SYN on the same connection.
  CHECK(load() == "1/0");
}
