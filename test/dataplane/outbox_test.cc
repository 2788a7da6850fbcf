// What leaves by a port: refused packets are freed and counted; packets in several buffers go only
// where they can be sent.
#include <random>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

Bytes syn(Lab& lab) {
  return tcp(kClient, kVip).flags("S").data(100).build(lab.mac_of_link("wan"));
}

}  // namespace

TEST_CASE("what a port refuses is freed and counted, what it takes is sent") {
  Lab lab(one_service("udp"));
  lab.io().set_transmit_limit(lab.link_number("lan"), 10);
  CHECK(lab.receive("wan", std::vector<Frame>(64, udp(kClient, kVip))).size() == 10);
  CHECK(lab.drops() == "transmit_full=54");
  lab.io().set_transmit_limit(lab.link_number("lan"), 0xffff);
  CHECK(lab.from_client(udp(kClient, kVip)).size() == 1);
}

TEST_CASE("an answer that the port refuses is counted as well") {
  Lab lab(one_service());
  lab.io().set_transmit_limit(lab.link_number("wan"), 0);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")) == Lines{});
  CHECK(lab.drops() == "not_a_syn=1 transmit_full=1");
}

TEST_CASE("a chained packet with room in its first buffer is made one and forwarded") {
  Lab lab(one_service());
  const size_t first = GENERATE(1u, 14u, 34u, 54u, 100u);
  const Bytes frame = syn(lab);
  lab.io().put_chained(0, frame, first, frame.size() - first);
  CHECK(lab.turn() == Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [S] "
                            "seq=1000 len=140 csum=ok via lan to 10.2.0.11"});
  CHECK(lab.drops() == "");
}

TEST_CASE("a chained packet without that room is dropped under its reason") {
  Lab lab(one_service());
  lab.io().put_chained(0, syn(lab), 60, 93);  // one byte too few
  CHECK(lab.turn() == Lines{});
  CHECK(lab.drops() == "chained=1");
}

TEST_CASE("a chained ARP request is read whole") {
  Lab lab(one_service());
  lab.io().put_chained(0, arp_request("10.1.0.10", "10.1.0.1").build({}), 20, 22);
  CHECK(lab.turn().size() == 1);
}

TEST_CASE("an outbox makes a chain one buffer, but for a port that sends chains") {
  HeapIo io(2);
  dataplane::WorkerCounters counters;
  dataplane::Mesh mesh(std::vector<std::span<std::byte>>(1));
  dataplane::Peers peers(mesh, 0, dataplane::OwnerFunction::keyed(1), {}, io, counters);
  dataplane::Outbox outbox(io, peers, counters,
                           {{.multi_segment = false}, {.multi_segment = true}});
  const Bytes frame(100, 7);
  const auto chained = [&](size_t room) {
    rte_mbuf* packet = nullptr;
    io.put_chained(0, frame, 60, room);
    io.receive(0, &packet, 1);
    return packet;
  };
  outbox.send(0, chained(40));
  outbox.send(0, chained(39));
  outbox.send(1, chained(0));
  outbox.flush();
  const std::vector<SentFrame> sent = io.take_sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].link == 0);
  CHECK(sent[1].link == 1);
  CHECK(sent[0].bytes == frame);
  CHECK(sent[1].bytes == frame);
  CHECK(counters.drops[static_cast<size_t>(lb::DropReason::kChained)].reader_get() == 1);
  CHECK(io.outstanding() == 0);
  CHECK(io.faults() == "");
}

TEST_CASE("an outbox sends and frees by itself when a batch is full") {
  HeapIo io(1);
  dataplane::WorkerCounters counters;
  dataplane::Mesh mesh(std::vector<std::span<std::byte>>(1));
  dataplane::Peers peers(mesh, 0, dataplane::OwnerFunction::keyed(1), {}, io, counters);
  dataplane::Outbox outbox(io, peers, counters, {{}});
  for (int i = 0; i < 2 * dataplane::Outbox::kBurst + 5; ++i) {
    outbox.send(0, io.allocate());
    outbox.drop(io.allocate(), lb::DropReason::kVlan);
  }
  CHECK(io.sent_total() == 2 * dataplane::Outbox::kBurst);
  CHECK(io.outstanding() == 10);
  outbox.flush();
  CHECK(io.sent_total() == 2 * dataplane::Outbox::kBurst + 5);
  CHECK(io.outstanding() == 0);
  CHECK(io.faults() == "");
}

TEST_CASE("what a run sends leaves in order with what others send when it is put down") {
  HeapIo io(3);
  dataplane::WorkerCounters counters;
  dataplane::Mesh mesh(std::vector<std::span<std::byte>>(1));
  dataplane::Peers peers(mesh, 0, dataplane::OwnerFunction::keyed(1), {}, io, counters);
  dataplane::Outbox outbox(io, peers, counters, {{}, {}, {}});
  std::mt19937 random(1);
  std::vector<std::vector<Bytes>> given(3);
  for (int burst = 0; burst < 200; ++burst) {
    const unsigned likely = random() % 3;
    dataplane::Outbox::Run run(outbox);
    for (unsigned packets = random() % 65; packets > 0; --packets) {
      const unsigned link = random() % 8 == 0 ? random() % 3 : likely;
      Bytes frame(60, static_cast<uint8_t>(random()));
      set16(frame, 0, static_cast<uint16_t>(given[link].size()));
      io.put(0, frame);
      rte_mbuf* packet = nullptr;
      io.receive(0, &packet, 1);
      given[link].push_back(std::move(frame));
      if (random() % 16 == 0) {
        run.put_down();
        outbox.send(static_cast<dataplane::LinkNumber>(link), packet);
        run.take_up();
      } else {
        run.send(static_cast<dataplane::LinkNumber>(link), packet);
      }
    }
    run.put_down();
    if (random() % 3 == 0) outbox.flush();
  }
  outbox.flush();
  std::vector<std::vector<Bytes>> sent(3);
  for (SentFrame& frame : io.take_sent()) sent[frame.link].push_back(std::move(frame.bytes));
  CHECK(sent == given);
  CHECK(io.outstanding() == 0);
  CHECK(io.faults() == "");
}
