// Two services that share a real server: in NAT a reply names only the client's end and the
// server's.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr const char* kOtherVip = "10.1.0.101:80";

}  // namespace

TEST_CASE("one client port gets another server where two services share one") {
  Lab lab({{"tcp", kVip, {{kServer}}}, {"tcp", kOtherVip, {{kServer}, {"10.2.0.12:80"}}}});
  CHECK(target(lab.from_client(tcp(kClient, kVip).flags("S"))) == "10.2.0.11");
  CHECK(target(lab.from_client(tcp(kClient, kOtherVip).flags("S"))) == "10.2.0.12");
  // Replies go each to its own VIP.
  const Lines first = lab.from_server(tcp(kServer, kClient).flags("SA"));
  const Lines second = lab.from_server(tcp("10.2.0.12:80", kClient).flags("SA"));
  REQUIRE(first.size() == 1);
  REQUIRE(second.size() == 1);
  CHECK_THAT(first[0], Catch::StartsWith("TCP 10.1.0.100:80>"));
  CHECK_THAT(second[0], Catch::StartsWith("TCP 10.1.0.101:80>"));
  // Another client port is not concerned: the turn is the second server's, then the first's.
  CHECK(target(lab.from_client(tcp("10.1.0.10:2", kOtherVip).flags("S"))) == "10.2.0.12");
  CHECK(target(lab.from_client(tcp("10.1.0.10:3", kOtherVip).flags("S"))) == "10.2.0.11");
}

TEST_CASE("without another server the connection is refused under its reason") {
  Lab lab({{"tcp", kVip, {{kServer}}}, {"tcp", kOtherVip, {{kServer}, {"10.2.0.12:80", 0}}}});
  lab.from_client(tcp(kClient, kVip).flags("S"));
  const Lines out = lab.from_client(tcp(kClient, kOtherVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.101>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3"));
  CHECK(lab.drops() == "ambiguous_tuple=1");
  CHECK(lab.refused("tcp 10.1.0.101:80") == 1);
  CHECK(lab.connections().size() == 1);
}

TEST_CASE("other protocols, other server ports and DR are not ambiguous") {
  Lab lab({{"tcp", kVip, {{kServer}}},
           {"udp", kVip, {{kServer}}},
           {"tcp", kOtherVip, {{"10.2.0.11:8080"}}},
           {"tcp", "10.1.0.102:80", {{kServer, 1, "dr"}}}});
  CHECK(target(lab.from_client(tcp(kClient, kVip).flags("S"))) == "10.2.0.11");
  CHECK(target(lab.from_client(udp(kClient, kVip))) == "10.2.0.11");
  CHECK(target(lab.from_client(tcp(kClient, kOtherVip).flags("S"))) == "10.2.0.11");
  CHECK(target(lab.from_client(tcp(kClient, "10.1.0.102:80").flags("S"))) == "10.2.0.11");
  CHECK(lab.drops() == "");
  CHECK(lab.connections().size() == 4);
}

TEST_CASE("where no other server can have it, another service's closing connection makes way") {
  const uint32_t persistence_timeout = GENERATE(0u, 60u);
  ServiceSetup other{"tcp", kOtherVip, {{kServer}}};
  other.persistence_timeout = persistence_timeout;
  Lab lab({{"tcp", kVip, {{kServer}}}, other});
  lab.from_client(tcp("10.1.0.10:9", kOtherVip).flags("S"));  // holds the client to the server
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("A"));
  lab.from_client(tcp(kClient, kOtherVip).flags("S"));
  CHECK(lab.drops() == "ambiguous_tuple=1");
  lab.from_client(tcp(kClient, kVip).flags("R"));
  CHECK(target(lab.from_client(tcp(kClient, kOtherVip).flags("S"))) == "10.2.0.11");
  CHECK(lab.drops() == "");
  CHECK(lab.connections().size() == 2);
  const Lines answer = lab.from_server(tcp(kServer, kClient).flags("SA"));
  REQUIRE(answer.size() == 1);
  CHECK_THAT(answer[0], Catch::StartsWith("TCP 10.1.0.101:80>"));
}

TEST_CASE("a closing connection stays where another server can have the new one") {
  Lab lab({{"tcp", kVip, {{kServer}}}, {"tcp", kOtherVip, {{kServer}, {"10.2.0.12:80"}}}});
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("A"));
  lab.from_client(tcp(kClient, kVip).flags("R"));
  CHECK(target(lab.from_client(tcp(kClient, kOtherVip).flags("S"))) == "10.2.0.12");
  CHECK(lab.connections().size() == 2);
}

TEST_CASE("one client port open to many services keeps its connections apart") {
  std::vector<ServiceSetup> services;
  for (int i = 0; i < 40; ++i) {
    services.push_back({"tcp",
                        "10.1.0.100:" + std::to_string(1000 + i),
                        {{"10.2.0.11:" + std::to_string(2000 + i)}}});
  }
  Lab lab(services);
  for (int i = 0; i < 40; ++i) {
    lab.from_client(tcp(kClient, services[static_cast<size_t>(i)].address).flags("S"));
  }
  CHECK(lab.connections().size() == 40);
  for (int i = 0; i < 40; ++i) {
    const Lines out =
        lab.from_server(tcp("10.2.0.11:" + std::to_string(2000 + i), kClient).flags("SA"));
    REQUIRE(out.size() == 1);
    CHECK_THAT(out[0], Catch::StartsWith("TCP 10.1.0.100:" + std::to_string(1000 + i) + ">"));
  }
}
