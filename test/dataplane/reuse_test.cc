// A SYN that meets a connection (recorded vectors *-port-reuse-*): closing ones give way to a new
// connection at once, others go on.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

struct Meeting {
  const char* state;
  std::vector<const char*>
      steps;  // after the first SYN; "cA" from the client, "rF" from the server
};

// The server that a second SYN is sent to, of two that take turns.
std::string second_server(const std::string& forward, const Meeting& meeting) {
  Lab lab({service_of("tcp", {{"10.2.0.11:80", 1, forward}, {"10.2.0.12:80", 1, forward}})});
  lab.from_client(tcp(kClient, kVip).flags("S"));
  for (const char* step : meeting.steps) {
    if (step[0] == 'c') {
      lab.from_client(tcp(kClient, kVip).flags(step + 1));
    } else {
      lab.from_server(tcp("10.2.0.11:80", kClient).flags(step + 1));
    }
  }
  const Lines before = lab.connections();
  REQUIRE(before.size() == 1);
  CHECK_THAT(before[0], Catch::Contains(std::string(" ") + meeting.state + " "));
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S").seq(90000));
  REQUIRE(out.size() == 1);
  CHECK(lab.connections().size() == 1);
  CHECK(lab.drops() == "");
  return out[0].substr(out[0].rfind(' ') + 1);
}

const std::vector<const char*> kEstablished = {"cA"}, kCloseWait = {"cA", "cF"},
                               kFinWait = {"cA", "rF"}, kTimeWait = {"cA", "cF", "rF"},
                               kClosed = {"cA", "cR"};

}  // namespace

TEST_CASE("in NAT a SYN starts anew on TIME_WAIT and CLOSE, and goes on in other states") {
  CHECK(second_server("nat", {"TIME_WAIT", kTimeWait}) == "10.2.0.12");
  CHECK(second_server("nat", {"CLOSE", kClosed}) == "10.2.0.12");
  CHECK(second_server("nat", {"SYN_RECV", {}}) == "10.2.0.11");
  CHECK(second_server("nat", {"ESTABLISHED", kEstablished}) == "10.2.0.11");
  CHECK(second_server("nat", {"CLOSE_WAIT", kCloseWait}) == "10.2.0.11");
  CHECK(second_server("nat", {"FIN_WAIT", kFinWait}) == "10.2.0.11");
}

TEST_CASE("in DR a SYN starts anew on FIN_WAIT too, the last state that DR sees") {
  CHECK(second_server("dr", {"FIN_WAIT", kCloseWait}) == "10.2.0.12");
  CHECK(second_server("dr", {"CLOSE", kClosed}) == "10.2.0.12");
  CHECK(second_server("dr", {"SYN_RECV", {}}) == "10.2.0.11");
  CHECK(second_server("dr", {"ESTABLISHED", kEstablished}) == "10.2.0.11");
}

TEST_CASE("SYN+ACK and RST on a closing connection start nothing") {
  const std::string flags = GENERATE("SA", "SR", "R", "A");
  Lab lab({service_of("tcp", {{"10.2.0.11:80"}, {"10.2.0.12:80"}})});
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("A"));
  lab.from_client(tcp(kClient, kVip).flags("R"));
  const Lines out = lab.from_client(tcp(kClient, kVip).flags(flags));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("to 10.2.0.11"));
}

TEST_CASE("a closing connection whose service takes no new ones ends with the SYN") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("A"));
  lab.from_client(tcp(kClient, kVip).flags("R"));
  lab.apply({service_of("tcp", {{kServer, 0}})});
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP") && Catch::Contains("type=3 code=3"));
  CHECK(lab.connections() == Lines{});
}
