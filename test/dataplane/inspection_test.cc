// Questions about a worker's tables, answered a slice at a time between bursts.
#include <memory>
#include <set>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;
using dataplane::ConnectionInspection;
using dataplane::Request;

namespace {

// Asks once, and gives the worker as many turns as it takes.
void ask(Lab& lab, ConnectionInspection& question) {
  Request request{Request::Kind::kInspectConnections};
  request.connections = &question;
  REQUIRE(lab.worker().control_request(request));
  for (int turn = 0; turn < 100 && !question.done; ++turn) lab.turn();
  REQUIRE(question.done);
}

// 30 connections of two clients to two services.
class BusyLab : public Lab {
 public:
  BusyLab()
      : Lab(Setup{
            .services = {{"tcp", kVip, {{kServer}}}, {"udp", "10.1.0.100:53", {{"10.2.0.12:53"}}}},
            .capacity = 4096}) {
    for (int port = 1; port <= 10; ++port) {
      from_client(tcp("10.1.0.10:" + std::to_string(port), kVip).flags("S"));
      from_client(tcp("10.1.0.11:" + std::to_string(port), kVip).flags("S"));
      from_client(udp("10.1.0.10:" + std::to_string(port), "10.1.0.100:53"));
    }
  }
};

}  // namespace

TEST_CASE("an inspection without a filter sees every connection", "[one-worker]") {
  BusyLab lab;
  ConnectionInspection question;
  question.entries.reserve(100);
  ask(lab, question);
  CHECK(question.finished);
  CHECK(question.entries.size() == 30);
  CHECK(question.now == lab.now());
}

TEST_CASE("filters by service, server, client and their ports may be joined", "[one-worker]") {
  BusyLab lab;
  const auto count = [&](auto set) {
    ConnectionInspection question;
    question.entries.reserve(100);
    set(question);
    ask(lab, question);
    CHECK(question.finished);
    return question.entries.size();
  };
  const lb::Ipv4Address client{lb::Be32(number_of("10.1.0.10"))};
  CHECK(count([](auto& q) { q.service = 0; }) == 20);
  CHECK(count([](auto& q) { q.service = 1; }) == 10);
  CHECK(count([](auto& q) { q.service = 9; }) == 0);
  CHECK(count([&](auto& q) { q.client.address = client; }) == 20);
  CHECK(count([](auto& q) { q.client.port = lb::Be16(3); }) == 3);
  CHECK(count([&](auto& q) {
          q.client = {client, lb::Be16(3)};
          q.service = 0;
        }) == 1);
  const lb::Ipv4Address server{lb::Be32(number_of("10.2.0.11"))};
  CHECK(count([&](auto& q) { q.server.address = server; }) == 20);
  CHECK(count([&](auto& q) { q.server.address = client; }) == 0);
  CHECK(count([&](auto& q) {
          q.server = {server, lb::Be16(80)};
          q.client.address = client;
        }) == 10);
  CHECK(count([&](auto& q) { q.server = {server, lb::Be16(81)}; }) == 0);
}

TEST_CASE("an answer has no more entries than room, and the next goes on where it ended",
          "[one-worker]") {
  BusyLab lab;
  const size_t room = GENERATE(1u, 2u, 7u, 29u, 30u, 31u);
  std::set<std::string> seen;
  uint64_t bucket = 0;
  bool finished = false, cut = false;
  for (int page = 0; page < 1000 && !finished; ++page) {
    ConnectionInspection question;
    question.next_bucket = bucket;
    question.entries.reserve(room);
    ask(lab, question);
    CHECK(question.entries.size() <= room);
    for (const auto& entry : question.entries) {
      CHECK(seen.insert(entry.outside.to_endpoint().to_string() +
                        entry.virtual_end.to_endpoint().to_string())
                .second);
    }
    bucket = question.next_bucket;
    finished = question.finished;
    cut = cut || question.cut;
  }
  CHECK(finished);
  CHECK(cut == (seen.size() < 30));
  if (room >= 7) CHECK_FALSE(cut);
}

TEST_CASE(
    "a bucket of more than there is room for is cut short, and says so, rather than never passed",
    "[one-worker]") {
  Lab lab(Setup{.services = {{"udp", "10.1.0.100:53", {{"10.2.0.11:53"}}},
                             {"udp", "10.1.0.100:54", {{"10.2.0.12:53"}}}}});
  // One client end, so one bucket.
  for (const char* vip : {"10.1.0.100:53", "10.1.0.100:54"}) lab.from_client(udp(kClient, vip));
  const size_t room = GENERATE(1u, 2u);
  ConnectionInspection question;
  question.entries.reserve(room);
  ask(lab, question);
  CHECK(question.entries.size() == room);
  CHECK(question.cut == (room == 1));
}

TEST_CASE("a large table is looked at over several turns, and packets pass meanwhile",
          "[one-worker]") {
  BusyLab lab;
  ConnectionInspection question;
  question.entries.reserve(100);
  Request request{Request::Kind::kInspectConnections};
  request.connections = &question;
  lab.worker().control_request(request);
  lab.turn();
  CHECK_FALSE(question.done);
  CHECK(lab.from_client(tcp("10.1.0.10:1", kVip).flags("A")).size() == 1);
}

TEST_CASE("an empty table is answered too", "[one-worker]") {
  Lab lab(one_service());
  ConnectionInspection question;
  question.entries.reserve(1);
  ask(lab, question);
  CHECK(question.finished);
  CHECK(question.entries.empty());
}

TEST_CASE("neighbours are listed with their state", "[one-worker]") {
  Setup setup{.services = one_service()};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.from_client(udp(kClient, "10.2.0.99:9"));
  dataplane::NeighbourInspection question;
  question.neighbours.reserve(100);
  Request request{Request::Kind::kInspectNeighbours};
  request.neighbours = &question;
  REQUIRE(lab.worker().control_request(request));
  lab.turn();
  REQUIRE(question.done);
  REQUIRE(question.neighbours.size() == 3);
  CHECK(question.now == lab.now());
  using dataplane::NeighbourState;
  CHECK(question.neighbours[0].state == NeighbourState::kStatic);
  CHECK(question.neighbours[0].link == 0);
  CHECK(question.neighbours[1].state == NeighbourState::kReachable);
  CHECK(question.neighbours[1].header.destination == mac_of("10.2.0.11"));
  CHECK(question.neighbours[2].state == NeighbourState::kIncomplete);
}

TEST_CASE("requests beyond the queue's room are refused, not lost", "[one-worker]") {
  Lab lab(one_service());
  size_t taken = 0;
  Request request{Request::Kind::kAnnounceAddress};
  request.address = lb::IpAddress::parse("10.1.0.1")->ipv4();
  while (taken < 1000 && lab.worker().control_request(request)) ++taken;
  CHECK(taken >= 32);
  CHECK(taken < 1000);
  CHECK(lab.turn().size() == taken);
}

namespace {

std::unique_ptr<dataplane::PathInspection> ask_for_packet(Lab& lab, size_t worker,
                                                          std::string_view from,
                                                          std::string_view to) {
  const auto end = [](std::string_view text) {
    return lb::End<lb::V4>::from(lb::Endpoint::parse(text).value());
  };
  auto question = std::make_unique<dataplane::PathInspection>();
  question->protocol = lb::Protocol::kTcp;
  question->source = end(from);
  question->destination = end(to);
  question->choice.ambiguous.reserve(8);
  Request request{Request::Kind::kInspectPath};
  request.path = question.get();
  REQUIRE(lab.worker(worker).control_request(request));
  lab.turn();
  REQUIRE(question->done);
  return question;
}

}  // namespace

TEST_CASE("of a packet all workers name one owner, which alone says what becomes of it") {
  Lab lab(Setup{.services = {{"tcp", kVip, {{"10.2.0.11:80"}, {"10.2.0.12:80"}}}}, .workers = 3});
  std::set<dataplane::WorkerNumber> owners;
  for (int port = 1; port <= 30; ++port) {
    const std::string client = "10.1.0.10:" + std::to_string(port);
    std::vector<std::unique_ptr<dataplane::PathInspection>> answers;
    for (size_t worker = 0; worker < 3; ++worker) {
      answers.push_back(ask_for_packet(lab, worker, client, kVip));
    }
    const dataplane::WorkerNumber owner = answers[0]->owner;
    owners.insert(owner);
    for (size_t worker = 0; worker < 3; ++worker) {
      CHECK(answers[worker]->owner == owner);
      CHECK(answers[worker]->chooses == (worker == owner));
    }
    REQUIRE(answers[owner]->choice.chosen);
    const std::string server =
        "10.2.0.1" + std::to_string(*answers[owner]->choice.chosen + 1) + ":80";
    lab.from_client(tcp(client, kVip).flags("S"));
    const auto after = ask_for_packet(lab, owner, client, kVip);
    REQUIRE(after->connection);
    CHECK(after->connection->inside.to_endpoint().to_string() == server);
  }
  CHECK(owners.size() == 3);
}

TEST_CASE("a question about a packet changes nothing") {
  Lab lab(Setup{.services = {{"tcp", kVip, {{"10.2.0.11:80"}, {"10.2.0.12:80"}}},
                             {"tcp", "10.1.0.101:80", {{"10.2.0.12:80"}}, "lblc"}}});
  for (int repeat = 0; repeat < 3; ++repeat) {
    for (size_t worker = 0; worker < lab.workers(); ++worker) {
      ask_for_packet(lab, worker, kClient, kVip);
      ask_for_packet(lab, worker, kClient, "10.1.0.101:80");
      ask_for_packet(lab, worker, kClient, "10.1.0.77:80");
    }
  }
  CHECK(lab.turns_taken(std::string("tcp ") + kVip) == 0);
  CHECK(lab.turns_taken("tcp 10.1.0.101:80") == 0);
  CHECK(lab.connections().empty());
  CHECK(lab.drops().empty());
}
