// Three workers on three threads, and a control thread that asks, listens and replaces the
// configuration while they forward: what ThreadSanitizer is to look at (tools/check threads). It
// ends after so many packets and configurations, however long that takes.
#include <catch2/catch.hpp>

#include <string>
#include <thread>

#include "control/inspect.h"
#include "test/dataplane/support/frame.h"
#include "test/threads/director.h"

using namespace dataplane_test;
using dataplane::WorkerCounters;
using threads_test::Director;
using threads_test::kLan;
using threads_test::kWan;
using threads_test::ThreadIo;

namespace {

constexpr uint32_t kPackets = 20000;  // that each worker receives, about
constexpr uint32_t kConfigurations = 300;

// What the threads tell one another beside what workers do.
struct Signals {
  std::atomic<lb::Tick> clock{16};
  std::atomic<uint32_t> done{0};  // workers that have received all
  std::atomic<bool> stop{false};
};

// The traffic of one worker's queues, from its own thread.
class Feed {
 public:
  Feed(ThreadIo& io, uint32_t thread) : io_(io), next_(thread + 1) {}

  void step() {
    const uint32_t dice = random() % 100;
    // Few clients' ports, so that connections close and open again.
    const std::string client =
        "10.1.0.1" + std::to_string(random() % 2) + ":" + std::to_string(1024 + random() % 500);
    if (dice < 30) {
      put(kWan, tcp(client, Director::kTcpService).flags("S"));
      put(kWan, tcp(client, Director::kTcpService).flags("A"));
    } else if (dice < 45) {
      put(kWan, tcp(client, Director::kTcpService).flags(dice < 40 ? "A" : "RA"));
    } else if (dice < 60) {
      put(kWan, udp(client, Director::kUdpService).data(20));
    } else if (dice < 65) {
      in_fragments(client);
    } else if (dice < 85) {
      reply();
    } else if (dice < 88) {
      complain();
    } else if (dice < 93) {
      const std::string server = "10.2.0.12:" + std::to_string(2000 + random() % 100);
      put(kLan, tcp(server, "10.1.0.11:443").flags("S"));
    } else {
      arp_of_all_kinds();
    }
  }

 private:
  uint32_t random() {
    next_ = next_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<uint32_t>(next_ >> 33);
  }
  void put(dataplane::LinkNumber link, const Frame& frame) {
    io_.put(link, frame.build(Director::mac(link)));
  }

  void in_fragments(const std::string& client) {
    const Bytes whole = udp(client, Director::kUdpService).data(600).build(Director::mac(kWan));
    const auto piece = [&](std::ptrdiff_t from, std::ptrdiff_t to, uint16_t bits) {
      return ip(client.substr(0, client.find(':')), "10.1.0.100", 17)
          .id(static_cast<uint16_t>(next_ >> 20))
          .data(Bytes(whole.begin() + 34 + from, whole.begin() + 34 + to))
          .fragment(bits);
    };
    put(kWan, piece(0, 304, 0x2000));
    put(kWan, piece(304, 608, 304 / 8));
  }

  static std::string end_in(View packet, size_t address, size_t port) {
    return lb::IpAddress(lb::Ipv4Address{lb::Be32(get32(packet, address))}).to_string() + ":" +
           std::to_string(get16(packet, port));
  }

  void reply() {
    const Bytes& request = io_.last_to_server();
    if (request.size() < 28 || request[9] == 1) return;
    const std::string client = end_in(request, 12, 20), server = end_in(request, 16, 22);
    put(kLan, request[9] == 6 ? tcp(server, client).flags("SA") : udp(server, client).data(8));
  }

  void complain() {
    const Bytes& request = io_.last_to_server();
    if (request.size() < 28 || request[9] == 1) return;
    const std::string client = end_in(request, 12, 20);
    put(kLan, icmp("10.2.0.11", client.substr(0, client.find(':')), 3, 3)
                  .data(Bytes(request.begin(), request.begin() + 28)));
  }

  // The third server is known by ARP alone, and moves.
  void arp_of_all_kinds() {
    const lb::MacAddress moved{{2, 0, 10, 2, 0, static_cast<uint8_t>(13 + random() % 2)}};
    switch (random() % 4) {
      case 0:
        return put(kLan, arp({.sender = "10.2.0.13", .target = "10.2.0.1", .sender_mac = moved}));
      case 1:
        return put(kWan, arp_request("10.1.0.10", "10.1.0.100"));
      case 2:
        return put(kLan, arp({.sender = "10.2.0.1", .target = "10.2.0.11", .sender_mac = moved}));
      case 3:
        return put(kWan, echo_request("10.1.0.11", "10.1.0.100"));
    }
  }

  ThreadIo& io_;
  uint64_t next_;
};

void run_worker(Director& director, uint32_t number, Signals& signals) {
  dataplane::Worker& worker = director.worker(number);
  Feed feed(director.io(number), number);
  bool done = false;
  while (!signals.stop.load(std::memory_order_relaxed)) {
    done = done || worker.counters().packets.reader_get() >= kPackets;
    for (int i = 0; i < 8 && !done; ++i) feed.step();
    const uint32_t worked_on = worker.turn(signals.clock.load(std::memory_order_relaxed));
    if (done && director.io(number).is_empty()) {
      signals.done.fetch_or(1u << number, std::memory_order_relaxed);
    }
    if (worked_on == 0) std::this_thread::yield();
  }
}

// Everything that the control thread of lbd does while workers run.
class Control {
 public:
  Control(Director& director, Signals& signals) : director_(director), signals_(signals) {}

  void round(uint32_t number) {
    // Fast enough that connections end and their entries go from worker to worker.
    signals_.clock.fetch_add(lb::kTicksPerSecond / 2, std::memory_order_relaxed);
    read_counters();
    listen();
    if (number % 4 == 0) ask(number / 4 % Director::kWorkers);
    director_.snapshot().publish(Director::configuration(number));
    most_retired_ = std::max(most_retired_, director_.snapshot().collect());
  }

  uint64_t events() const { return events_; }
  uint64_t inspected() const { return inspected_; }
  size_t most_retired() const { return most_retired_; }
  const std::string& faults() const { return faults_; }

 private:
  void read_counters() {
    const uint64_t packets = director_.count(&WorkerCounters::packets);
    if (packets < packets_) faults_ += "packets went backwards; ";
    packets_ = packets;
    for (uint32_t server = 0; server < 6; ++server) {
      if (director_.load(server).active > 2 * Director::kCapacity) faults_ += "impossible load; ";
    }
    director_.drops();
  }

  void listen() {
    for (size_t i = 0; i < Director::kWorkers; ++i) {
      for (dataplane::Event event; director_.worker(i).control_take_event(event);) ++events_;
    }
  }

  void ask(size_t number) {
    dataplane::Worker& worker = director_.worker(number);
    const auto wait = [](unsigned) {
      std::this_thread::yield();
      return true;
    };
    worker.control_request({.kind = dataplane::Request::Kind::kAnnounce, .link = kWan});
    const control::ConnectionFilter filter{.limit = 64};
    const auto connections = control::inspect_connections(worker, filter, wait);
    const auto neighbours = control::inspect_neighbours(worker, wait);
    if (!connections || !neighbours || neighbours->neighbours.empty()) {
      faults_ += "no answer; ";
      return;
    }
    const auto owner = dataplane::OwnerFunction::keyed(Director::kWorkers);
    for (const auto& entry : connections->entries) {
      ++inspected_;
      // Its hash is the table's own key's, which never changes.
      const uint64_t hash = worker.connections().table().hash(entry.outside, entry.protocol);
      if (owner(entry.outside, hash) != number) faults_ += "a connection at another's; ";
    }
  }

  Director& director_;
  Signals& signals_;
  uint64_t packets_ = 0, events_ = 0, inspected_ = 0;
  size_t most_retired_ = 0;
  std::string faults_;
};

// What is still on its way between workers, held or incomplete meets its fate. No thread runs.
void settle(Director& director, lb::Tick& now) {
  for (int round = 0; round < 40 * static_cast<int>(lb::kTicksPerSecond); ++round, ++now) {
    for (size_t i = 0; i < Director::kWorkers; ++i) director.worker(i).turn(now);
  }
}

}  // namespace

TEST_CASE("workers on threads of their own, and a control thread beside them") {
  Director director;
  Signals signals;
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < Director::kWorkers; ++i) {
    threads.emplace_back([&, i] { run_worker(director, i, signals); });
  }

  Control control(director, signals);
  constexpr uint32_t kAll = (1u << Director::kWorkers) - 1;
  for (uint32_t number = 1; number <= kConfigurations;) {
    // Spread over the packets.
    const uint64_t due = uint64_t{number} * kPackets * Director::kWorkers / kConfigurations;
    const bool fed = signals.done.load(std::memory_order_relaxed) == kAll;
    if (!fed && director.count(&WorkerCounters::packets) < due) {
      std::this_thread::yield();
      continue;
    }
    control.round(number++);
  }
  while (signals.done.load(std::memory_order_relaxed) != kAll) std::this_thread::yield();
  // Every worker turns on, so what was replaced comes free without any help.
  while (director.snapshot().collect() > 0) std::this_thread::yield();
  signals.stop.store(true, std::memory_order_relaxed);
  for (std::thread& thread : threads) thread.join();

  lb::Tick now = signals.clock.load();
  settle(director, now);
  CHECK(control.faults() == "");
  CHECK(control.events() > 0);
  CHECK(control.inspected() > 100);
  CHECK(control.most_retired() > 0);
  CHECK(director.buffers() == 0);
  uint64_t sent = 0, handed_over = 0;
  for (size_t i = 0; i < Director::kWorkers; ++i) {
    sent += director.io(i).sent();
    for (const auto& reason : director.worker(i).counters().handed_over)
      handed_over += reason.reader_get();
  }
  CHECK(director.count(&WorkerCounters::packets) + director.count(&WorkerCounters::answers) +
            director.count(&WorkerCounters::fragments) ==
        sent + director.drops() + director.count(&WorkerCounters::consumed));
  CHECK(handed_over == director.count(&WorkerCounters::taken_over));
  CHECK(handed_over > kPackets);

  // Each connection took a turn of its own; those claimed for a burst and not used are at most a
  // burst's for every one that has lost the race to give them back.
  uint64_t opened = director.refused(0), connections = 0;
  for (uint32_t server = 0; server < 3; ++server) opened += director.opened(server);
  CHECK(opened > 500);
  CHECK(director.turns(0) >= opened);
  CHECK(director.turns(0) - opened < 64 * Director::kWorkers);
  for (uint32_t server = 0; server < Director::kSlots; ++server) {
    const auto load = director.load(server);
    connections += load.active + load.inactive;
  }
  CHECK(connections == director.count(&WorkerCounters::connections));
}
