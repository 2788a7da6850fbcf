#include "dataplane/queues.h"

#include <catch2/catch.hpp>
#include <set>

#include "dataplane/eal.h"

using namespace dataplane;

namespace {

using Queues = std::vector<QueueNumber>;

}  // namespace

TEST_CASE("one worker has all queues of all ports") {
  const std::vector<PortQueues> ports{{0, 1, 1}, {1, 3, 1}, {1, 1, 1}};
  const auto queues = assign_queues(ports, 2, 1);
  REQUIRE(queues.size() == 1);
  CHECK(queues[0].receive == std::vector<Queues>{{{0, 0}}, {{1, 0}, {1, 1}, {1, 2}, {2, 0}}});
  CHECK(queues[0].transmit[1] == QueueNumber{1, 0});
  CHECK(queues[0].transmitter == std::vector<WorkerNumber>{0, 0});
}

TEST_CASE("queue i of a port with a queue for everybody is worker i's") {
  const auto queues = assign_queues(std::vector<PortQueues>{{0, 3, 3}, {1, 3, 3}}, 2, 3);
  for (uint16_t i = 0; i < 3; ++i) {
    CHECK(queues[i].receive == std::vector<Queues>{{{0, i}}, {{1, i}}});
    CHECK(queues[i].transmit[0] == QueueNumber{0, i});
    CHECK(queues[i].transmitter == std::vector<WorkerNumber>{i, i});
  }
}

TEST_CASE("ports that are queues of one wire count together") {
  const auto queues = assign_queues(std::vector<PortQueues>{{0, 1, 1}, {0, 1, 1}}, 1, 2);
  CHECK(queues[1].receive == std::vector<Queues>{{{1, 0}}});
  CHECK(queues[1].transmit[0] == QueueNumber{1, 0});
}

TEST_CASE("links with one queue each go to one worker after another, and others send by it") {
  const auto queues = assign_queues(std::vector<PortQueues>{{0, 1, 1}, {1, 1, 1}}, 2, 3);
  CHECK(queues[0].receive == std::vector<Queues>{{{0, 0}}, {}});
  CHECK(queues[1].receive == std::vector<Queues>{{}, {{1, 0}}});
  CHECK(queues[2].receive == std::vector<Queues>{{}, {}});
  for (const WorkerQueues& worker : queues) {
    CHECK(worker.transmitter == std::vector<WorkerNumber>{0, 1});
  }
  CHECK_FALSE(queues[1].transmit[0]);
}

TEST_CASE("every receive queue has one worker, no transmit queue two, every worker a way to send") {
  for (WorkerNumber workers = 1; workers <= 9; ++workers) {
    for (uint16_t receive = 1; receive <= 5; ++receive) {
      for (uint16_t transmit = 1; transmit <= 5; ++transmit) {
        const std::vector<PortQueues> ports{
            {0, receive, transmit}, {1, 1, transmit}, {1, receive, 1}, {2, 2, 2}};
        const auto queues = assign_queues(ports, 3, workers);
        std::multiset<std::pair<uint16_t, uint16_t>> received, sent;
        for (WorkerNumber w = 0; w < workers; ++w) {
          for (const Queues& link : queues[w].receive) {
            for (const QueueNumber& queue : link) received.insert({queue.port, queue.queue});
          }
          for (LinkNumber link = 0; link < 3; ++link) {
            const auto& own = queues[w].transmit[link];
            if (own) sent.insert({own->port, own->queue});
            CHECK((queues[w].transmitter[link] == w) == own.has_value());
            CHECK(queues[queues[w].transmitter[link]].transmit[link].has_value());
          }
        }
        CHECK(received.size() == 2u * receive + 1 + 2);
        CHECK(std::set(received.begin(), received.end()).size() == received.size());
        CHECK(std::set(sent.begin(), sent.end()).size() == sent.size());
      }
    }
  }
}

TEST_CASE("workers are counted from EAL's arguments as EAL will") {
  CHECK(count_workers({"-l", "0,1"}) == 1);
  CHECK(count_workers({"--no-huge", "-l0-3,6"}) == 4);
  CHECK(count_workers({"--lcores", "0@0,1@1,2@1"}) == 2);
  CHECK(count_workers({"--lcores=0@0,(1-3)@1"}) == 3);
  CHECK(count_workers({"--lcores=(0,2)@(0-3),5"}) == 2);
  CHECK(count_workers({"-c", "0x1f"}) == 4);
  CHECK(count_workers({"-c3"}) == 1);
  CHECK(count_workers({"-l", "nonsense"}) == 1);
  CHECK(count_workers({"--no-huge", "-l", "0"}) == 0);
  CHECK(count_workers({"-c", "0x2"}) == 0);
  CHECK(count_workers({}) >= 1);
}
