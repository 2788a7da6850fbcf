// Several workers are one load balancer. That every other test holds over three workers as well is
// what LBD_TEST_WORKERS=3 shows; here is what only several workers can get wrong.
#include <map>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;
using dataplane::HandoverReason;
using dataplane::WorkerCounters;

namespace {

Setup spread(std::vector<ServiceSetup> services, dataplane::WorkerNumber workers = 3) {
  return {.services = std::move(services), .capacity = 4096, .workers = workers};
}

ServiceSetup three_servers(const char* scheduler, const char* forward = "nat") {
  return {
      "tcp",
      kVip,
      {{"10.2.0.11:80", 1, forward}, {"10.2.0.12:80", 1, forward}, {"10.2.0.13:80", 1, forward}},
      scheduler};
}

uint64_t handed_over(Lab& lab, HandoverReason reason) {
  uint64_t sum = 0;
  for (size_t i = 0; i < lab.workers(); ++i) {
    sum += lab.worker(i).counters().handed_over[static_cast<size_t>(reason)].reader_get();
  }
  return sum;
}

std::vector<uint64_t> connections_by_worker(Lab& lab) {
  std::vector<uint64_t> result;
  for (size_t i = 0; i < lab.workers(); ++i) {
    result.push_back(lab.worker(i).connections().table().size());
  }
  return result;
}

}  // namespace

TEST_CASE("connections spread over all workers, and packets find theirs wherever they come in") {
  Lab lab(spread({three_servers("rr")}));
  std::map<std::string, std::string> server_of;
  for (int port = 1; port <= 300; ++port) {
    const Lines out = lab.from_client(tcp(client(port), kVip).flags("S"));
    REQUIRE(out.size() == 1);
    server_of[client(port)] = target(out[0]);
  }
  for (const uint64_t count : connections_by_worker(lab)) CHECK(count > 60);
  for (const auto& [from, server] : server_of) {
    const Lines reply = lab.from_server(tcp(server + ":80", from).flags("SA"));
    REQUIRE(reply.size() == 1);
    CHECK_THAT(reply[0], Catch::StartsWith("TCP 10.1.0.100:80>" + from));
    const Lines more = lab.from_client(tcp(from, kVip).flags("A"));
    REQUIRE(more.size() == 1);
    CHECK(target(more[0]) == server);
  }
  CHECK(handed_over(lab, HandoverReason::kOwner) > 300);
  // Each reply of the worker that has no queue of the clients' link.
  CHECK(handed_over(lab, HandoverReason::kTransmit) == connections_by_worker(lab)[1]);
  CHECK(lab.load("tcp 10.1.0.100:80", kServer) == "100/0");
  CHECK(lab.drops() == "");
}

TEST_CASE("rr and wrr take turns over the whole director") {
  Lab rr(spread({three_servers("rr")}));
  Lines order;
  for (int port = 1; port <= 9; ++port) {
    order.push_back(target(rr.from_client(tcp(client(port), kVip).flags("S")).at(0)));
  }
  CHECK(order == Lines{"10.2.0.11", "10.2.0.12", "10.2.0.13", "10.2.0.11", "10.2.0.12", "10.2.0.13",
                       "10.2.0.11", "10.2.0.12", "10.2.0.13"});

  Lab wrr(spread({{"tcp", kVip, {{"10.2.0.11:80", 5}, {"10.2.0.12:80", 1}}, "wrr"}}));
  // A burst of twelve at a time, over whose workers the turns must add up all the same.
  for (int burst = 0; burst < 10; ++burst) {
    std::vector<Frame> frames;
    for (int i = 0; i < 12; ++i) frames.push_back(tcp(client(1 + burst * 12 + i), kVip).flags("S"));
    CHECK(wrr.receive("wan", frames).size() == 12);
    CHECK(wrr.load("tcp 10.1.0.100:80", "10.2.0.11:80") == std::to_string(10 * (burst + 1)) + "/0");
  }
}

TEST_CASE("turns that a burst claimed and did not need are not lost") {
  Lab lab(spread({three_servers("rr")}));
  for (int port = 1; port <= 60; ++port) {
    // The same SYN three times in one burst: one connection, one turn.
    lab.receive("wan", std::vector<Frame>(3, tcp(client(port), kVip).flags("S")));
  }
  CHECK(lab.load("tcp 10.1.0.100:80", "10.2.0.11:80") == "20/0");
  CHECK(lab.load("tcp 10.1.0.100:80", "10.2.0.12:80") == "20/0");
  CHECK(lab.load("tcp 10.1.0.100:80", "10.2.0.13:80") == "20/0");
}

TEST_CASE("lc and wlc see the connections of all workers") {
  for (const char* scheduler : {"lc", "wlc"}) {
    Lab lab(spread({three_servers(scheduler)}));
    for (int port = 1; port <= 90; ++port) lab.from_client(tcp(client(port), kVip).flags("S"));
    for (const char* server : {"10.2.0.11:80", "10.2.0.12:80", "10.2.0.13:80"}) {
      CHECK(lab.load("tcp 10.1.0.100:80", server) == "30/0");
    }
  }
}

TEST_CASE("lc and wlc see each connection of a burst, and no more than are opened") {
  for (const char* scheduler : {"lc", "wlc"}) {
    Lab lab(spread({three_servers(scheduler)}));
    for (int burst = 0; burst < 10; ++burst) {
      std::vector<Frame> frames;
      for (int port = 1; port <= 9; ++port) {
        const Frame syn = tcp(client(100 * burst + port), kVip).flags("S");
        // Servers are chosen for all of these, and the second and third of them open nothing.
        frames.insert(frames.end(),
                      {syn, syn, tcp("10.1.0.100:" + std::to_string(port), kVip).flags("S")});
      }
      lab.receive("wan", frames);
      uint64_t opened = 0;
      for (const uint64_t count : connections_by_worker(lab)) opened += count;
      CHECK(opened == 9u * (burst + 1));
      CHECK(lab.audit_tables() == "");
    }
    int sum = 0;
    for (const char* server : {"10.2.0.11:80", "10.2.0.12:80", "10.2.0.13:80"}) {
      const int active = std::stoi(lab.load("tcp 10.1.0.100:80", server));
      sum += active;
      // What opens nothing weighs until its burst ends, so not exactly a third.
      CHECK(std::abs(active - 30) <= 9);
    }
    CHECK(sum == 90);
  }
}

TEST_CASE("lc and wlc spread a burst evenly") {
  for (const char* scheduler : {"lc", "wlc"}) {
    Lab lab(spread({three_servers(scheduler)}));
    std::vector<Frame> frames;
    for (int port = 1; port <= 60; ++port) frames.push_back(tcp(client(port), kVip).flags("S"));
    lab.receive("wan", frames);
    for (const char* server : {"10.2.0.11:80", "10.2.0.12:80", "10.2.0.13:80"}) {
      CHECK(lab.load("tcp 10.1.0.100:80", server) == "20/0");
    }
  }
}

TEST_CASE("a reserved server that would be ambiguous gives way and keeps no count") {
  Setup setup = spread({three_servers("lc")});
  setup.services.push_back(
      {"tcp", "10.1.0.101:80", {{"10.2.0.11:80", 1, "nat"}, {"10.2.0.12:80", 1, "nat"}}, "lc"});
  Lab lab(setup);
  for (const char* vip : {kVip, "10.1.0.101:80"}) {
    std::vector<Frame> frames;
    for (int port = 1; port <= 30; ++port) frames.push_back(tcp(client(port), vip).flags("S"));
    lab.receive("wan", frames);
    CHECK(lab.audit_tables() == "");
  }
  CHECK(lab.load("tcp 10.1.0.100:80", "10.2.0.11:80") == "10/0");
}

TEST_CASE("the capacity is the director's, however its connections spread") {
  // All connections of one worker: client ports are tried until they are that worker's.
  Setup setup = spread(one_service(), 4);
  setup.capacity = 200;
  Lab lab(setup);
  int opened = 0;
  for (int port = 1; opened < 200 && port < 20000; ++port) {
    const dataplane::WorkerNumber owner = dataplane::OwnerFunction::keyed(4)(
        lb::End<lb::V4>::from(*lb::Endpoint::parse(client(port))),
        lab.worker(0).connections().table().hash(
            lb::End<lb::V4>::from(*lb::Endpoint::parse(client(port))), lb::Protocol::kTcp));
    if (owner != 2) continue;
    lab.from_client(tcp(client(port), kVip).flags("S"));
    CHECK(lab.from_client(tcp(client(port), kVip).flags("A")).size() == 1);
    ++opened;
  }
  CHECK(connections_by_worker(lab) == std::vector<uint64_t>{0, 0, 200, 0});
  CHECK(lab.drops() == "");
}

TEST_CASE("a worker that finds the director full gets what others have to spare") {
  Setup setup = spread(one_service(), 2);
  setup.capacity = 64;  // and as many that either may keep at hand
  Lab lab(setup);
  int port = 1;
  while (lab.drops().empty()) {
    lab.from_client(tcp(client(port), kVip).flags("S"));
    lab.from_client(tcp(client(port), kVip).flags("A"));
    ++port;
  }
  const std::vector<uint64_t> full = connections_by_worker(lab);
  CHECK(full[0] + full[1] >= 64);
  // All of worker 0's connections are closing now.
  for (int closing = 1; closing < port; ++closing) {
    lab.from_client(tcp(client(closing), kVip).flags("RA"));
  }
  lab.drops();
  const uint64_t before = connections_by_worker(lab)[1];
  for (int more = port; more < port + 100; ++more) {
    // A client tries again after a second.
    if (lab.from_client(tcp(client(more), kVip).flags("S")).empty()) {
      lab.pass(1);
      CHECK(lab.from_client(tcp(client(more), kVip).flags("S")).size() == 1);
    }
    lab.from_client(tcp(client(more), kVip).flags("A"));
  }
  CHECK(connections_by_worker(lab)[1] > before / 2);
  CHECK(lab.count(&WorkerCounters::reclaimed) > 0);
}

TEST_CASE("a worker asks the others for entries before it has none, and loses no client by that") {
  Setup setup = spread(one_service(), 2);
  setup.capacity = 400;
  Lab lab(setup);
  const auto owner = [&](int port) {
    const auto end = lb::End<lb::V4>::from(*lb::Endpoint::parse(client(port)));
    return dataplane::OwnerFunction::keyed(2)(
        end, lab.worker(0).connections().table().hash(end, lb::Protocol::kTcp));
  };
  int port = 1;
  const auto next_of = [&](dataplane::WorkerNumber worker) {
    while (owner(port) != worker) ++port;
    return client(port++);
  };
  // Worker 0 has them all, and they are closing.
  std::vector<std::string> first;
  while (lab.drops().empty()) {
    first.push_back(next_of(0));
    lab.from_client(tcp(first.back(), kVip).flags("S"));
    lab.from_client(tcp(first.back(), kVip).flags("A"));
  }
  for (const std::string& closing : first) lab.from_client(tcp(closing, kVip).flags("RA"));
  // Worker 1 has nothing in hand yet.
  lab.from_client(tcp(next_of(1), kVip).flags("S"));
  lab.pass(1);
  lab.drops();
  for (int i = 0; i < 350; ++i) {
    const std::string more = next_of(1);
    CHECK(lab.from_client(tcp(more, kVip).flags("S")).size() == 1);
    lab.from_client(tcp(more, kVip).flags("A"));
  }
  CHECK(lab.drops() == "");
}

TEST_CASE("established connections of all workers fill the table, and the next one is refused") {
  Setup setup = spread(one_service(), 2);
  setup.capacity = 64;
  Lab lab(setup);
  for (int port = 1; port < 400; ++port) {
    lab.from_client(tcp(client(port), kVip).flags("S"));
    lab.from_client(tcp(client(port), kVip).flags("A"));
  }
  lab.pass(1);
  const Lines out = lab.from_client(tcp(client(1000), kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10"));
  const std::vector<uint64_t> full = connections_by_worker(lab);
  CHECK(full[0] + full[1] >= 64);
  CHECK(full[0] + full[1] <= 128);
}

TEST_CASE("fragments find their datagram's home, and the datagram its owner") {
  Lab lab(spread({{"udp", "10.1.0.100:53", {{"10.2.0.11:53"}, {"10.2.0.12:53"}}}}, 4));
  for (int port = 1; port <= 40; ++port) {
    const Bytes whole = udp(client(port), "10.1.0.100:53").data(1000).build(lab.mac_of_link("wan"));
    const Bytes payload(whole.begin() + 34, whole.end());
    const auto piece = [&](size_t from, size_t to) {
      const auto begin = payload.begin() + static_cast<std::ptrdiff_t>(from);
      const auto end = payload.begin() + static_cast<std::ptrdiff_t>(to);
      return ip("10.1.0.10", "10.1.0.100", 17)
          .id(static_cast<uint16_t>(port))
          .data(Bytes(begin, end))
          .fragment(static_cast<uint16_t>((to < payload.size() ? 0x2000 : 0) | from / 8));
    };
    // Each by another worker.
    CHECK(lab.from_client(piece(400, 800)) == Lines{});
    CHECK(lab.from_client(piece(0, 400)) == Lines{});
    CHECK(lab.from_client(piece(800, payload.size())).size() == 3);
  }
  CHECK(handed_over(lab, HandoverReason::kFragment) > 100);
  CHECK(lab.load("udp 10.1.0.100:53", "10.2.0.11:53") == "0/20");
  CHECK(lab.drops() == "");
}

TEST_CASE("what one worker learns from ARP all know") {
  Setup setup = spread({three_servers("rr")});
  setup.hosts = {};
  Lab lab(setup);
  // As many questions as workers at most, and none any more once one was answered.
  size_t asked = 0;
  for (int port = 1; port <= 30; ++port) {
    asked += lab.from_client(tcp(client(port), kVip).flags("S")).size();
  }
  CHECK(asked >= 3);
  CHECK(asked <= 3 * 3);
  size_t released = 0;
  for (const char* server : {"10.2.0.11", "10.2.0.12", "10.2.0.13"}) {
    released += lab.from_server(arp_reply(server, "10.2.0.1")).size();
  }
  CHECK(released == 30);
  for (int port = 31; port <= 60; ++port) {
    CHECK_THAT(lab.from_client(tcp(client(port), kVip).flags("S")).at(0), Catch::StartsWith("TCP"));
  }
}

TEST_CASE("a neighbour that all workers use is asked by one of them") {
  Setup setup = spread({three_servers("rr")});
  setup.hosts = {{"wan", "10.1.0.10"}, {"lan", "10.2.0.12"}, {"lan", "10.2.0.13"}};
  Lab lab(setup);
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  for (int second = 0; second < 120; ++second) {
    for (const std::string& line : lab.pass(1)) {
      CHECK(line == "ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to 10.2.0.11");
      lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
    }
    for (int port = 1; port <= 30; ++port) {
      lab.from_client(tcp(client(port), kVip).flags(second == 0 ? "S" : "A"));
    }
  }
  CHECK(lab.count(&WorkerCounters::answers) <= 1 + 4);
}

TEST_CASE(
    "every worker that asks for a neighbour hears its answer, however soon after another one") {
  Setup setup = spread(one_service());
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  int asked = 0;
  for (int port = 1; port <= 30; ++port) {
    Lines out = lab.from_client(tcp(client(port), kVip).flags("S"));
    REQUIRE(out.size() == 1);
    if (out[0].starts_with("ARP who-has")) {
      ++asked;
      out = lab.from_server(arp_reply(out[0].substr(12, out[0].find(' ', 12) - 12), "10.2.0.1"));
      REQUIRE(out.size() == 1);
    }
    CHECK(target(out[0]).starts_with("10.2.0.1"));
  }
  CHECK(asked >= 2);
}

TEST_CASE("answers are limited over the whole director") {
  Lab lab(spread(one_service()));
  size_t answers = 0;
  for (int i = 0; i < 100; ++i) {
    answers +=
        lab.receive("wan", std::vector<Frame>(60, udp(client(i + 1), "10.1.0.100:9"))).size();
  }
  CHECK(answers == dataplane::Host<lb::V4>::kAnswersPerSecond);
}

TEST_CASE("masquerade ports towards one outside end are told apart on every worker") {
  Setup setup = spread(one_service(), 4);
  setup.masquerade = {{"10.2.0.0/24", "wan", 2000, 2999}};
  Lab lab(setup);
  std::map<std::string, int> seen;
  for (const char* server : {"10.2.0.11", "10.2.0.12", "10.2.0.13"}) {
    for (int port = 2000; port < 2100; ++port) {
      const Lines out =
          lab.from_server(tcp(server + (":" + std::to_string(port)), "10.1.0.12:443").flags("S"));
      REQUIRE(out.size() == 1);
      const std::string source = out[0].substr(4, out[0].find('>') - 4);
      CHECK(++seen[source] == 1);
      const Lines back = lab.from_client(tcp("10.1.0.12:443", source).flags("SA"));
      REQUIRE(back.size() == 1);
      CHECK(target(back[0]) == server);
    }
  }
}
