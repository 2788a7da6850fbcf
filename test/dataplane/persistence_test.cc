// Clients that hold to their servers, as LVS's persistent services have it (ip_vs_sched_persist),
// and services of every port.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr const char* kRs1 = "10.2.0.11:80";
constexpr const char* kRs2 = "10.2.0.12:80";
constexpr const char* kRs3 = "10.2.0.13:80";

ServiceSetup persistent(std::vector<ServerSetup> servers, std::string scheduler = "rr",
                        uint32_t timeout = 360) {
  ServiceSetup service{"tcp", kVip, std::move(servers), std::move(scheduler)};
  service.persistence_timeout = timeout;
  return service;
}

// LVS tries equal servers in the reverse order of adding.
std::vector<ServerSetup> three(uint32_t weight1, uint32_t weight2, uint32_t weight3) {
  return {{kRs3, weight3}, {kRs2, weight2}, {kRs1, weight1}};
}

class Clients {
 public:
  explicit Clients(Lab& lab) : lab_(lab) {}

  // The digit of the server that a client's next connection goes to, or x.
  char connect(const std::string& client, const std::string& vip = kVip) {
    last_ = client + ":" + std::to_string(next_port_++);
    const Lines out = lab_.from_client(tcp(last_, vip).flags("S"));
    if (out.size() != 1 || out[0].find("via lan to 10.2.0.1") == std::string::npos) return 'x';
    return out[0].back();
  }
  std::string in_turn(size_t connections, const std::vector<std::string>& clients) {
    std::string sequence;
    for (size_t i = 0; i < connections; ++i) {
      sequence += connect(clients[number_++ % clients.size()]);
    }
    return sequence;
  }
  // The end of the last one.
  const std::string& last() const { return last_; }

 private:
  Lab& lab_;
  uint16_t next_port_ = 2000;
  size_t number_ = 0;
  std::string last_;
};

const std::vector<std::string> kFour = {"10.1.0.10", "10.1.0.11", "10.1.0.12", "10.1.0.13"};
const std::vector<std::string> kTwo = {"10.1.0.10", "10.1.0.11"};

}  // namespace

TEST_CASE("the scheduler picks once for a client, then its hold rules, as LVS was recorded") {
  struct Case {
    const char* scheduler;
    const char* sequence;
  };
  // LVS's wrr begins its cycle elsewhere.
  const Case c = GENERATE(Case{"rr", "321332133213"}, Case{"wlc", "321132113211"});
  Lab lab(std::vector{persistent(three(2, 1, 1), c.scheduler)});
  Clients clients(lab);
  CAPTURE(c.scheduler);
  CHECK(clients.in_turn(12, kFour) == c.sequence);
  CHECK(lab.drops() == "");
}

TEST_CASE("clients that are alike under the mask share a server, as LVS was recorded") {
  ServiceSetup service = persistent(three(1, 1, 1));
  service.persistence_netmask = "255.255.255.240";
  Lab lab(std::vector{service});
  Clients clients(lab);
  CHECK(clients.in_turn(12, {"10.1.0.10", "10.1.0.11", "10.1.0.20", "10.1.0.21", "10.1.0.40",
                             "10.1.0.41"}) == "332211332211");
  CHECK(lab.holds() == Lines{"tcp 06:00 NONE 10.1.0.0:0 10.1.0.100:80 10.2.0.13:80",
                             "tcp 06:00 NONE 10.1.0.16:0 10.1.0.100:80 10.2.0.12:80",
                             "tcp 06:00 NONE 10.1.0.32:0 10.1.0.100:80 10.2.0.11:80"});
}

TEST_CASE("a server at weight 0 keeps the clients it has, as LVS was recorded") {
  Lab lab(std::vector{persistent({{kRs3}, {kRs2}})});
  Clients clients(lab);
  CHECK(clients.in_turn(8, kTwo) == "32323232");
  lab.apply({persistent({{kRs3}, {kRs2, 0}})});
  CHECK(clients.in_turn(8, kTwo) == "32323232");
  CHECK(clients.connect("10.1.0.12") == '3');
  // A deleted one loses them.
  lab.apply({persistent({{kRs3}})});
  CHECK(clients.in_turn(4, kTwo) == "3333");
  lab.apply({persistent({{kRs3}, {kRs2}})});
  CHECK(clients.in_turn(4, kTwo) == "3333");
}

TEST_CASE("with expire_quiescent_template they leave it, as in LVS") {
  const auto servers = [](uint32_t weight2, uint32_t weight3) {
    ServiceSetup service = persistent(three(1, weight2, weight3));
    service.expire_quiescent_template = true;
    return std::vector{service};
  };
  Lab lab(servers(1, 1));
  Clients clients(lab);
  CHECK(clients.in_turn(8, kTwo) == "32323232");
  lab.apply(servers(0, 1));
  // Whose turn it now is differs from LVS, where it is the first one's: 3131.
  CHECK(clients.in_turn(4, kTwo) == "3333");
  CHECK(clients.in_turn(2, {"10.1.0.12", "10.1.0.13"}) == "13");
  lab.apply(servers(0, 0));
  CHECK(clients.in_turn(4, kTwo) == "1111");
  // Where no other is to be had, there is none.
  ServiceSetup none = persistent(three(0, 0, 0));
  none.expire_quiescent_template = true;
  lab.apply({none});
  CHECK(clients.connect("10.1.0.10") == 'x');
  CHECK(lab.drops() == "no_server=1");
}

TEST_CASE("a hold ends so long after the client's last new connection") {
  Lab lab(std::vector{persistent({{kRs1}, {kRs2}, {kRs3}}, "rr", 200)});
  Clients clients(lab);
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(lab.holds() == Lines{"tcp 03:20 NONE 10.1.0.10:0 10.1.0.100:80 10.2.0.11:80"});
  lab.pass(100);
  CHECK(clients.connect("10.1.0.11") == '2');
  CHECK(clients.connect("10.1.0.10") == '1');
  lab.pass(199);
  CHECK(clients.connect("10.1.0.10") == '1');
  lab.pass(201);
  CHECK(lab.holds() == Lines{});
  CHECK(clients.connect("10.1.0.10") == '3');
}

TEST_CASE("while a connection lives its client keeps its server, and not for long after") {
  Lab lab(std::vector{persistent({{kRs1}, {kRs2}}, "rr", 20)});
  Clients clients(lab);
  CHECK(clients.connect("10.1.0.10") == '1');
  const std::string client = clients.last();
  lab.from_server(tcp(kRs1, client).flags("SA"));
  lab.from_client(tcp(client, kVip).flags("A"));
  CHECK(lab.holds() == Lines{"tcp 00:20 ASSURED 10.1.0.10:0 10.1.0.100:80 10.2.0.11:80"});
  // Idle, but established: 900 seconds.
  for (int i = 0; i < 44; ++i) {
    lab.pass(20);
    REQUIRE(lab.holds().size() == 1);
  }
  CHECK(clients.connect("10.1.0.11") == '2');
  CHECK(clients.connect("10.1.0.10") == '1');
  // The SYN's connection ends 60 seconds later, the established one before.
  lab.pass(61);
  CHECK(lab.connections() == Lines{});
  lab.pass(20);
  CHECK(lab.holds() == Lines{});
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(clients.connect("10.1.0.10") == '1');
}

TEST_CASE("a connection to another server does not prolong the hold") {
  ServiceSetup service = persistent({{kRs1}, {kRs2}}, "rr", 20);
  service.expire_quiescent_template = true;
  Lab lab(std::vector{service});
  Clients clients(lab);
  CHECK(clients.connect("10.1.0.10") == '1');
  lab.from_client(tcp(clients.last(), kVip).flags("A"));
  service.servers[0].weight = 0;
  lab.apply({service});
  CHECK(clients.connect("10.1.0.10") == '2');
  lab.from_client(tcp(clients.last(), kVip).flags("R"));
  lab.pass(25);  // the second stays in SYN_RECV for 60 seconds
  CHECK(lab.holds().size() == 1);
  lab.pass(80);
  CHECK(lab.holds() == Lines{});
  CHECK(lab.connections().size() == 1);
}

TEST_CASE("turns that a client did not need are others'") {
  Lab lab(std::vector{persistent({{kRs1}, {kRs2}, {kRs3}})});
  std::vector<Frame> burst;
  for (uint16_t i = 0; i < 12; ++i) {
    burst.push_back(tcp("10.1.0.10:" + std::to_string(3000 + i), kVip).flags("S"));
  }
  const Lines out = lab.receive("wan", burst);
  REQUIRE(out.size() == 12);
  for (const std::string& line : out)
    CHECK_THAT(line, Catch::EndsWith(out[0].substr(out[0].rfind(' '))));
  CHECK(lab.turns_taken("tcp 10.1.0.100:80") == 1);
}

TEST_CASE("known clients go on to an overloaded server, as in LVS; new ones do not") {
  Lab lab(std::vector{persistent({{kRs1, 1, "nat", 2}, {kRs2}}, "wlc")});
  Clients clients(lab);
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(clients.connect("10.1.0.11") == '2');
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(lab.load("tcp 10.1.0.100:80", kRs1) == "3/0");
  CHECK(clients.connect("10.1.0.12") == '2');
  CHECK(clients.connect("10.1.0.13") == '2');
}

TEST_CASE("a client whose port is taken at its own server is not led to another") {
  Lab lab(
      std::vector<ServiceSetup>{{"tcp", "10.1.0.101:80", {{kRs1}}}, persistent({{kRs1}, {kRs2}})});
  Clients clients(lab);
  CHECK(clients.connect("10.1.0.10") == '1');
  lab.from_client(tcp("10.1.0.10:777", "10.1.0.101:80").flags("S"));
  const Lines out = lab.from_client(tcp("10.1.0.10:777", kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::Contains("type=3 code=3"));
  CHECK(lab.drops() == "ambiguous_tuple=1");
}

TEST_CASE("services of one client do not share its hold") {
  ServiceSetup one = persistent({{kRs1}, {kRs2}});
  ServiceSetup other = persistent({{"10.2.0.12:81"}, {"10.2.0.11:81"}});
  other.address = "10.1.0.100:81";
  Lab lab(std::vector{one, other});
  Clients clients(lab);
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(clients.connect("10.1.0.10", "10.1.0.100:81") == '2');
  CHECK(clients.connect("10.1.0.10") == '1');
  CHECK(lab.holds().size() == 2);
}

// --- every port

namespace {

ServiceSetup every_port(std::string protocol, std::string forward = "nat") {
  ServiceSetup service{std::move(protocol),
                       "10.1.0.100:0",
                       {{"10.2.0.11:0", 1, forward}, {"10.2.0.12:0", 1, forward}}};
  service.persistence_timeout = 360;
  return service;
}

}  // namespace

TEST_CASE("a service of port 0 has every port that no other has, and servers keep the port") {
  Lab lab(std::vector<ServiceSetup>{every_port("tcp"), {"tcp", kVip, {{"10.2.0.13:8080"}}}});
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")).at(0).find(">10.2.0.13:8080 ") !=
        std::string::npos);
  const Lines first = lab.from_client(tcp("10.1.0.10:1", "10.1.0.100:443").flags("S"));
  CHECK_THAT(first.at(0), Catch::StartsWith("TCP 10.1.0.10:1>10.2.0.11:443 "));
  // All ports of a client go to one server, another client's to another.
  CHECK_THAT(lab.from_client(tcp("10.1.0.10:1", "10.1.0.100:21").flags("S")).at(0),
             Catch::StartsWith("TCP 10.1.0.10:1>10.2.0.11:21 "));
  CHECK_THAT(lab.from_client(tcp("10.1.0.11:1", "10.1.0.100:443").flags("S")).at(0),
             Catch::StartsWith("TCP 10.1.0.11:1>10.2.0.12:443 "));
  CHECK_THAT(lab.from_server(tcp("10.2.0.11:21", "10.1.0.10:1").flags("SA")).at(0),
             Catch::StartsWith("TCP 10.1.0.100:21>10.1.0.10:1 "));
  CHECK(lab.holds() == Lines{"tcp 06:00 NONE 10.1.0.10:0 10.1.0.100:0 10.2.0.11:0",
                             "tcp 06:00 NONE 10.1.0.11:0 10.1.0.100:0 10.2.0.12:0"});
  CHECK(lab.drops() == "");
}

TEST_CASE("the VIP of such a service still answers pings, and other protocols are closed") {
  Lab lab(std::vector{every_port("tcp")});
  CHECK_THAT(lab.from_client(echo_request("10.1.0.10", "10.1.0.100")).at(0),
             Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 "));
  CHECK_THAT(lab.from_client(udp(kClient, kVip)).at(0), Catch::Contains("type=3 code=3"));
  CHECK(lab.drops() == "closed_port=1");
  // The director's own addresses are no part of it.
  CHECK_THAT(lab.from_client(tcp(kClient, "10.1.0.1:80").flags("S")).at(0),
             Catch::Contains("[RA]"));
}

TEST_CASE("fragments and ICMP errors find their way in a service of every port") {
  const std::string forward = GENERATE("nat", "dr");
  Lab lab(std::vector{every_port("udp", forward)});
  Frame datagram = udp(kClient, "10.1.0.100:5000").may_fragment().data(2000);
  const Bytes whole = datagram.build(lab.mac_of_link("wan"));
  const Bytes payload(whole.begin() + 34, whole.end());
  const auto piece = [&](size_t begin, size_t end, bool more) {
    return ip("10.1.0.10", "10.1.0.100", 17)
        .fragment(static_cast<uint16_t>(begin / 8 | (more ? 0x2000 : 0)))
        .data(Bytes(payload.begin() + static_cast<std::ptrdiff_t>(begin),
                    payload.begin() + static_cast<std::ptrdiff_t>(end)));
  };
  CHECK(lab.from_client(piece(0, 1480, true)) == Lines{});
  const Lines out = lab.from_client(piece(1480, payload.size(), false));
  CHECK(out.size() == 2);
  for (const std::string& line : out) CHECK_THAT(line, Catch::EndsWith("via lan to 10.2.0.11"));
  // About a reply.
  Frame reply = udp("10.1.0.100:5000", kClient).data(8);
  const Bytes quoted = reply.build(lab.mac_of_link("wan"));
  const Lines error =
      lab.from_client(icmp("10.1.0.10", "10.1.0.100", 3, 3)
                          .data(Bytes(quoted.begin() + 14, quoted.begin() + 14 + 28)));
  REQUIRE(error.size() == 1);
  CHECK_THAT(error[0], Catch::EndsWith("via lan to 10.2.0.11"));
  CHECK(lab.drops() == "");
}

TEST_CASE("one client port at two ports of such a service is not ambiguous") {
  Lab lab(std::vector{every_port("tcp")});
  for (int port = 1; port < 30; ++port) {
    const Lines out =
        lab.from_client(tcp(kClient, "10.1.0.100:" + std::to_string(port)).flags("S"));
    CHECK_THAT(out.at(0), Catch::EndsWith("via lan to 10.2.0.11"));
  }
  CHECK(lab.connections().size() == 29);
}
