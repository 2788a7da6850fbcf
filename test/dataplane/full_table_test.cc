// A full table takes back the oldest in CLOSE or TIME_WAIT, then in SYN_RECV, never an established
// one.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

class SmallLab : public Lab {
 public:
  SmallLab() : Lab(Setup{.services = one_service(), .capacity = 4, .workers = 1}) {}

  void open(int port, const std::vector<const char*>& flags = {}) {
    from_client(tcp(client(port), kVip).flags("S"));
    for (const char* f : flags) from_client(tcp(client(port), kVip).flags(f));
    pass(1);
  }
  // The client ports that have a connection.
  std::vector<int> ports() {
    std::vector<int> result;
    for (const std::string& line : connections()) {
      const size_t colon = line.find("10.1.0.10:") + 10;
      result.push_back(std::stoi(line.substr(colon)));
    }
    std::sort(result.begin(), result.end());
    return result;
  }
};

using Ports = std::vector<int>;

}  // namespace

TEST_CASE("a full table takes back what is closing, the longest idle first") {
  SmallLab lab;
  lab.open(1, {"A"});
  lab.open(2, {"A", "R"});
  lab.open(3, {"A", "R"});
  lab.open(4);
  lab.from_client(tcp(client(2), kVip).flags("A"));  // idle for less long than 3 now
  lab.open(5);
  CHECK(lab.ports() == Ports{1, 2, 4, 5});
  lab.open(6);
  CHECK(lab.ports() == Ports{1, 4, 5, 6});
  CHECK(lab.count(&dataplane::WorkerCounters::reclaimed) == 2);
  CHECK(lab.drops() == "");
}

TEST_CASE("CLOSE and TIME_WAIT are taken back in the order of their idle time") {
  SmallLab lab;
  lab.open(1, {"A", "F"});
  lab.from_server(tcp(kServer, client(1)).flags("F"));  // TIME_WAIT
  lab.pass(1);
  lab.open(2, {"A", "R"});  // CLOSE, later
  lab.open(3, {"A"});
  lab.open(4, {"A"});
  lab.open(5, {"A"});
  CHECK(lab.ports() == Ports{2, 3, 4, 5});
  lab.open(6, {"A"});
  CHECK(lab.ports() == Ports{3, 4, 5, 6});
}

TEST_CASE("then the oldest half-open connection goes") {
  SmallLab lab;
  lab.open(1, {"A"});
  lab.open(2);
  lab.open(3);
  lab.open(4, {"A"});
  lab.open(5);
  CHECK(lab.ports() == Ports{1, 3, 4, 5});
  lab.from_client(tcp(client(3), kVip).flags("S"));  // its SYN comes again: 5 is older now
  lab.pass(1);
  lab.open(6);
  CHECK(lab.ports() == Ports{1, 3, 4, 6});
}

TEST_CASE("established connections stay, and the new one is refused under its reason") {
  SmallLab lab;
  for (int port = 1; port <= 4; ++port) lab.open(port, {"A"});
  const Lines out = lab.from_client(tcp(client(5), kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3"));
  CHECK(lab.drops() == "table_full=1");
  CHECK(lab.refused("tcp 10.1.0.100:80") == 1);
  CHECK(lab.ports() == Ports{1, 2, 3, 4});
  CHECK(lab.count(&dataplane::WorkerCounters::reclaimed) == 0);
}

TEST_CASE("connections of states that are neither open nor closed stay as well") {
  SmallLab lab;
  lab.open(1, {"A", "F"});  // CLOSE_WAIT
  lab.open(2, {"A"});
  lab.from_server(tcp(kServer, client(2)).flags("F"));  // FIN_WAIT
  lab.open(3, {"A"});
  lab.open(4, {"A"});
  lab.open(5);
  CHECK(lab.drops() == "table_full=1");
  CHECK(lab.ports() == Ports{1, 2, 3, 4});
}

// Its client's hold leads to a server whatever its threshold. Connections of 9001 and on fill the
// table.
TEST_CASE("a held client for whom there is no room does not end its server's overload") {
  std::vector<ServiceSetup> services = {
      {"tcp", kVip, {{kServer, 1, "nat", 4, 2}}},
      {"tcp", "10.1.0.100:81", {{"10.2.0.12:81"}}},
  };
  services[0].persistence_timeout = 300;
  Lab lab(Setup{.services = services, .capacity = 8, .workers = 1});
  const auto connect = [&](int port, const char* vip = kVip) {
    const size_t out = lab.from_client(tcp(client(port), vip).flags("S")).size();
    lab.from_client(tcp(client(port), vip).flags("A"));
    return out;
  };
  for (int port = 1; port <= 4; ++port) connect(port);
  lab.from_client(tcp(client(4), kVip).flags("R"));
  lab.pass(11);
  REQUIRE(lab.load("tcp 10.1.0.100:80", kServer) == "3/0");
  for (int port = 9001; port <= 9005; ++port) connect(port, "10.1.0.100:81");
  lab.from_client(tcp(client(5), kVip).flags("S"));
  REQUIRE(lab.drops() == "table_full=1");
  lab.from_client(tcp(client(9001), "10.1.0.100:81").flags("R"));
  lab.pass(11);
  CHECK_THAT(lab.from_client(tcp("10.1.0.11:1", kVip).flags("S")).at(0), Catch::StartsWith("ICMP"));
  CHECK(lab.drops() == "no_server=1");
}

TEST_CASE("room that time makes is used again") {
  SmallLab lab;
  for (int port = 1; port <= 4; ++port) lab.open(port, {"A"});
  lab.pass(901);
  CHECK(lab.ports() == Ports{});
  for (int port = 11; port <= 14; ++port) lab.open(port, {"A"});
  CHECK(lab.ports() == Ports{11, 12, 13, 14});
  CHECK(lab.drops() == "");
}

TEST_CASE(
    "after a stall of any length, connections end that were idle for too long and no others") {
  const lb::Tick seconds = GENERATE(61u, 899u, 1025u, 5000u, 100000u);
  SmallLab lab;
  lab.open(1, {"A"});
  lab.open(2);
  lab.stall(seconds * lb::kTicksPerSecond);
  lab.turn();
  CHECK(lab.ports() == (seconds < 899 ? Ports{1} : Ports{}));
  lab.open(3);
  CHECK(lab.ports() == (seconds < 899 ? Ports{1, 3} : Ports{3}));
}

TEST_CASE("a flood of SYNs turns the table over and leaves the established alone") {
  SmallLab lab;
  lab.open(1, {"A"});
  for (int port = 1000; port < 1200; ++port) {
    CHECK(lab.from_client(tcp(client(port), kVip).flags("S")).size() == 1);
  }
  CHECK(lab.ports() == Ports{1, 1197, 1198, 1199});
  CHECK(lab.count(&dataplane::WorkerCounters::reclaimed) == 197);
  CHECK(lab.load("tcp 10.1.0.100:80", kServer) == "4/0");
}
