// What real servers start themselves leaves under the director's address and comes back.
#include <fmt/format.h>

#include <set>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr const char* kInside = "10.2.0.11:5555";
constexpr const char* kFar = "10.1.0.10:80";

Setup masquerading(uint16_t first = 1024, uint16_t last = 32767) {
  return {.services = one_service(), .masquerade = {{"10.2.0.0/24", "wan", first, last}}};
}

}  // namespace

TEST_CASE(
    "a server's own connection keeps its port, hides its address, and its states are followed") {
  Lab lab(masquerading());
  CHECK_THAT(
      lab.from_server(tcp(kInside, kFar).flags("S")).at(0),
      Catch::StartsWith("TCP 10.1.0.1:5555>10.1.0.10:80 ttl=63") && Catch::Contains("csum=ok"));
  CHECK_THAT(
      lab.from_client(tcp(kFar, "10.1.0.1:5555").flags("SA").ack(1001)).at(0),
      Catch::StartsWith("TCP 10.1.0.10:80>10.2.0.11:5555 ttl=63") && Catch::Contains("csum=ok"));
  lab.from_server(tcp(kInside, kFar).flags("A").ack(1001));
  CHECK(lab.connections() ==
        Lines{"TCP 15:00 ESTABLISHED 10.1.0.10:80 10.1.0.1:5555 10.2.0.11:5555"});
}

TEST_CASE("two servers with one port get two ports, and each its own answers") {
  Lab lab(masquerading());
  lab.from_server(udp("10.2.0.11:5555", kFar));
  const Lines second = lab.from_server(udp("10.2.0.12:5555", kFar));
  CHECK_THAT(second.at(0), Catch::StartsWith("UDP 10.1.0.1:5556>10.1.0.10:80"));
  CHECK_THAT(lab.from_client(udp(kFar, "10.1.0.1:5555")).at(0), Catch::Contains(">10.2.0.11:5555"));
  CHECK_THAT(lab.from_client(udp(kFar, "10.1.0.1:5556")).at(0), Catch::Contains(">10.2.0.12:5555"));
}

TEST_CASE("a full range is counted and told once, and serves other destinations") {
  Lab lab(masquerading(5000, 5001));
  for (const char* from : {"10.2.0.11:1", "10.2.0.11:2", "10.2.0.11:3", "10.2.0.11:4"}) {
    lab.from_server(udp(from, kFar));
  }
  CHECK(lab.drops() == "no_masquerade_port=2");
  CHECK(lab.events().size() == 1);
  CHECK(lab.from_server(udp("10.2.0.11:5", "10.1.0.11:80")).size() == 1);
  lab.from_server(udp("10.2.0.11:6", kFar));
  CHECK(lab.drops() == "no_masquerade_port=1");
  CHECK(lab.events().empty());  // what another destination gets is no news of this one
}

TEST_CASE("servers with one port get all ports of a wide range, each another") {
  Lab lab(masquerading(2000, 2199));
  std::set<std::string> sources;
  for (int server = 2; server <= 201; ++server) {
    const Lines sent = lab.from_server(udp(fmt::format("10.2.0.{}:2100", server), kFar));
    REQUIRE(sent.size() == 1);
    sources.insert(sent[0].substr(0, sent[0].find('>')));
  }
  CHECK(sources.size() == 200);
  CHECK(sources.contains("UDP 10.1.0.1:2000"));
  CHECK(sources.contains("UDP 10.1.0.1:2199"));
  CHECK(lab.drops() == "");
  lab.from_server(udp("10.2.0.202:2100", kFar));
  CHECK(lab.drops() == "no_masquerade_port=1");
}

TEST_CASE("only what would be routed is masqueraded") {
  Setup setup = masquerading();
  setup.masquerade.front().source = "0.0.0.0/0";
  Lab lab(setup);
  for (const char* from : {"10.2.0.1:1", "127.0.0.1:1", "0.0.0.1:1", "224.0.0.1:1"}) {
    CHECK(lab.from_server(udp(from, kFar)).empty());
  }
  CHECK(lab.drops() == "bad_source=4");
  for (const char* to : {"10.1.0.255:9", "224.0.0.1:9", "127.0.0.1:9"}) {
    CHECK(lab.from_server(udp(kInside, to)).empty());
  }
  CHECK(lab.drops() == "not_for_us=3");
  CHECK(lab.connections().empty());
}

TEST_CASE("pings of several servers with one identifier are told apart, 0 being one like others") {
  const auto identifier = GENERATE(0x4000, 0);
  Lab lab(masquerading());
  const auto asks = static_cast<uint32_t>(identifier) << 16 | 1;
  const auto answered = [&](const std::string& sent) {
    CHECK_THAT(sent, Catch::StartsWith("ICMP 10.1.0.1>10.1.0.10") && Catch::Contains("csum=ok"));
    const std::string rest = sent.substr(sent.find("rest=") + 5, 8);
    const auto id = static_cast<uint32_t>(std::stoul(rest, nullptr, 16));
    return lab.from_client(icmp("10.1.0.10", "10.1.0.1", 0, 0, id).data(8)).at(0);
  };
  std::vector<std::string> sent;
  for (const char* from : {"10.2.0.11", "10.2.0.12"}) {
    sent.push_back(lab.from_server(icmp(from, "10.1.0.10", 8, 0, asks).data(8)).at(0));
  }
  CHECK(lab.connections().size() == 2);
  const std::string rest = fmt::format("rest={:08x}", asks);
  for (const auto& [at, server] : {std::pair{0, "10.2.0.11"}, std::pair{1, "10.2.0.12"}}) {
    CHECK_THAT(answered(sent[static_cast<size_t>(at)]),
               Catch::StartsWith(fmt::format("ICMP 10.1.0.10>{}", server)) &&
                   Catch::Contains(rest) && Catch::Contains("csum=ok"));
  }
}

TEST_CASE("an answer with the identifier 0 is not taken for the server's own ping with that") {
  Lab lab(masquerading());
  lab.from_server(icmp("10.2.0.11", "10.1.0.10", 8, 0, 1).data(8));
  CHECK_THAT(lab.from_server(icmp("10.2.0.11", "10.1.0.10", 0, 0, 1).data(8)).at(0),
             Catch::StartsWith("ICMP 10.2.0.11>10.1.0.10") && Catch::Contains("rest=00000001"));
}

TEST_CASE("what answers a client that was routed to the server keeps its address") {
  Lab lab(masquerading());
  CHECK_THAT(lab.from_server(tcp("10.2.0.11:81", kClient).flags("SA")).at(0),
             Catch::StartsWith("TCP 10.2.0.11:81>"));
  CHECK_THAT(lab.from_server(icmp("10.2.0.11", "10.1.0.10", 0, 0, 1).data(8)).at(0),
             Catch::StartsWith("ICMP 10.2.0.11>"));
}

// Nobody can tell a server's late answer from a datagram of its own, see starts_something.
TEST_CASE("a datagram that masquerade took for a server's own does not keep its client out") {
  Setup setup = masquerading();
  setup.services = one_service("udp");
  setup.services[0].persistence_timeout = GENERATE(0, 60);
  Lab lab(setup);
  CHECK_THAT(lab.from_server(udp(kServer, kClient)).at(0), Catch::StartsWith("UDP 10.1.0.1:1"));
  CHECK_THAT(lab.from_client(udp(kClient, kVip)).at(0), Catch::Contains(">10.2.0.11:80"));
  CHECK_THAT(lab.from_server(udp(kServer, kClient)).at(0),
             Catch::StartsWith("UDP 10.1.0.100:80>10.1.0.10:40000"));
  CHECK(lab.drops() == "");
  CHECK(lab.connections().size() == 1);
}

TEST_CASE("a connection that a server has opened is in the way of its client's, and stays") {
  Setup setup = masquerading();
  setup.services = one_service("tcp");
  Lab lab(setup);
  lab.from_server(tcp(kServer, kClient).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.drops() == "ambiguous_tuple=1");
  CHECK(lab.connections().size() == 1);
}

TEST_CASE("an error about a masqueraded packet reaches the server that sent it") {
  Lab lab(masquerading());
  lab.from_server(udp(kInside, kFar));
  Bytes quote = udp("10.1.0.1:5555", kFar).data(0).build({});
  quote.erase(quote.begin(), quote.begin() + 14);
  CHECK_THAT(lab.from_client(icmp("10.1.0.99", "10.1.0.1", 11, 0).data(quote)).at(0),
             Catch::StartsWith("ICMP 10.1.0.99>10.2.0.11") &&
                 Catch::Contains("quoting{UDP 10.2.0.11:5555>10.1.0.10:80"));
}

TEST_CASE("the director's own services and other sources are not masqueraded") {
  Lab lab(masquerading());
  CHECK_THAT(lab.from_client(tcp(kClient, "10.2.0.12:22").flags("S")).at(0),
             Catch::StartsWith("TCP 10.1.0.10:40000>10.2.0.12:22"));
  lab.from_server(tcp(kInside, "10.1.0.1:22").flags("S"));
  CHECK(lab.drops() == "closed_port=1");
}

TEST_CASE("a datagram's connection ends with the address that it was given") {
  Lab lab(masquerading());
  CHECK_THAT(lab.from_server(udp(kInside, kFar)).at(0), Catch::StartsWith("UDP 10.1.0.1:5555>"));
  lab.edit([](Setup& changed) {
    changed.links[0].addresses = {"10.1.0.2/24"};
    ++changed.routing_version;
  });
  CHECK_THAT(lab.from_server(udp(kInside, kFar)).at(0), Catch::StartsWith("UDP 10.1.0.2:5555>"));
  CHECK_THAT(lab.from_client(udp(kFar, "10.1.0.2:5555")).at(0), Catch::Contains(">10.2.0.11:5555"));
  CHECK(lab.connections().size() == 1);
  SECTION("or with its range of ports") {
    lab.edit([](Setup& changed) {
      changed.masquerade[0].first_port = changed.masquerade[0].last_port = 6000;
      ++changed.routing_version;
    });
    CHECK_THAT(lab.from_server(udp(kInside, kFar)).at(0), Catch::StartsWith("UDP 10.1.0.2:6000>"));
  }
  SECTION("or with its rule") {
    lab.edit([](Setup& changed) {
      changed.masquerade.clear();
      ++changed.routing_version;
    });
    CHECK_THAT(lab.from_server(udp(kInside, kFar)).at(0), Catch::StartsWith("UDP 10.2.0.11:5555>"));
    CHECK(lab.connections().empty());
  }
}

TEST_CASE("a masqueraded connection goes on over a change that leaves it what it has") {
  Lab lab(masquerading());
  lab.from_server(tcp(kInside, kFar).flags("S"));
  lab.from_client(tcp(kFar, "10.1.0.1:5555").flags("SA").ack(1001));
  const Lines before = lab.connections();
  lab.edit([](Setup& changed) {
    changed.routes = {{"203.0.113.0/24", "wan", "10.1.0.12"}};
    ++changed.routing_version;
  });
  CHECK_THAT(lab.from_server(tcp(kInside, kFar).flags("A").ack(1001)).at(0),
             Catch::StartsWith("TCP 10.1.0.1:5555>10.1.0.10:80"));
  CHECK(lab.connections().size() == before.size());
}

TEST_CASE(
    "what leaves by another way leaves under that one's address, and TCP that cannot is reset") {
  Setup setup = masquerading();
  setup.links.push_back({"other", {"10.3.0.1/24"}});
  setup.hosts.push_back({"other", "10.3.0.254"});
  setup.masquerade.push_back({"10.2.0.0/24", "other"});
  setup.routes = {{"203.0.113.0/24", "wan", "10.1.0.12"}};
  Lab lab(setup);
  constexpr const char* kBeyond = "203.0.113.5:123";
  lab.from_server(udp(kInside, kBeyond));
  lab.from_server(echo_request("10.2.0.11", "203.0.113.5"));
  lab.from_server(tcp(kInside, kBeyond).flags("S"));
  lab.from_client(tcp(kBeyond, "10.1.0.1:5555").flags("SA").ack(1001));
  lab.edit([](Setup& changed) {
    changed.routes = {{"203.0.113.0/24", "other", "10.3.0.254"}};
    ++changed.routing_version;
  });
  CHECK_THAT(lab.from_server(udp(kInside, kBeyond)).at(0),
             Catch::StartsWith("UDP 10.3.0.1:5555>203.0.113.5:123"));
  CHECK_THAT(lab.from_server(echo_request("10.2.0.11", "203.0.113.5")).at(0),
             Catch::Contains("10.3.0.1>203.0.113.5"));
  const Lines resets = lab.from_server(tcp(kInside, kBeyond).flags("A").ack(1001));
  CHECK(resets.size() == 2);
  CHECK_THAT(fmt::format("{}", fmt::join(resets, "\n")),
             Catch::Contains("203.0.113.5:123>10.2.0.11:5555") && Catch::Contains("[R]") &&
                 Catch::Contains("[RA]"));
  CHECK_THAT(lab.from_server(tcp(kInside, kBeyond).flags("S")).at(0),
             Catch::StartsWith("TCP 10.3.0.1:5555>203.0.113.5:123"));
}
