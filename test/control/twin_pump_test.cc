// The thread between the kernel's twins and the workers. Sockets that keep frames apart stand for
// TAPs.
#include "control/twin_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace control {
namespace {

using Bytes = std::vector<uint8_t>;
using dataplane::FrameRing;

// Waits until a condition holds, ten seconds at most.
bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Tap {
  Tap() { REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0); }
  ~Tap() { close(ends[1]); }
  void send(const Bytes& frame) { REQUIRE(::write(ends[1], frame.data(), frame.size()) > 0); }
  Bytes receive() {
    pollfd readable{ends[1], POLLIN, 0};
    REQUIRE(poll(&readable, 1, 10'000) == 1);
    Bytes frame(2048);
    const ssize_t length = ::read(ends[1], frame.data(), frame.size());
    frame.resize(length > 0 ? static_cast<size_t>(length) : 0);
    return frame;
  }
  int ends[2] = {-1, -1};
};

struct Pumping {
  dataplane::KernelExchange exchange{{true, false, true}, 2, 1522};
  TwinPump pump{exchange, {0, 0, 1}};
  Tap first, second;

  void attach() {
    pump.control_attach(0, first.ends[0]);
    pump.control_attach(2, second.ends[0]);
  }
  void give(dataplane::WorkerNumber worker, dataplane::LinkNumber link, const Bytes& frame) {
    FrameRing& ring = exchange.to_kernel(worker);
    REQUIRE(comes_true([&] { return ring.writer_has_room(1); }));
    ring.writer_put(link, frame);
  }
  std::pair<dataplane::LinkNumber, Bytes> taken(dataplane::WorkerNumber worker) {
    FrameRing& ring = exchange.from_kernel(worker);
    std::optional<FrameRing::Frame> frame;
    REQUIRE(comes_true([&] { return (frame = ring.reader_front()).has_value(); }));
    std::pair result(frame->link, Bytes(frame->bytes.begin(), frame->bytes.end()));
    ring.reader_pop();
    return result;
  }
};

TEST_CASE("a worker's frames reach the twin of their link, in order") {
  Pumping world;
  world.attach();
  const Bytes one(60, 1), two(1514, 2), three(14, 3);
  world.give(0, 0, one);
  world.give(1, 2, two);
  world.give(0, 0, three);
  CHECK(world.first.receive() == one);
  CHECK(world.first.receive() == three);
  CHECK(world.second.receive() == two);
  CHECK(comes_true([&] { return world.pump.control_counters(0).to_kernel == 2; }));
}

TEST_CASE("the kernel's frames go to the worker that sends by their link") {
  Pumping world;
  world.attach();
  const Bytes one(60, 1), two(1514, 2);
  world.second.send(two);
  world.first.send(one);
  CHECK(world.taken(0) == std::pair(dataplane::LinkNumber{0}, one));
  CHECK(world.taken(1) == std::pair(dataplane::LinkNumber{2}, two));
  CHECK(world.pump.control_counters(2).from_kernel == 1);
}

TEST_CASE("more than a ring holds waits with the kernel, and nothing is lost") {
  Pumping world;
  world.attach();
  std::thread kernel([&] {
    for (uint32_t i = 0; i < 3 * FrameRing::kFrames; ++i) {
      const Bytes frame = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8), 0};
      while (::write(world.first.ends[1], frame.data(), frame.size()) < 0)
        std::this_thread::yield();
    }
  });
  // The worker stands still until its ring is full.
  const bool full =
      comes_true([&] { return world.pump.control_counters(0).from_kernel == FrameRing::kFrames; });
  bool in_order = true;
  for (uint32_t i = 0; i < 3 * FrameRing::kFrames; ++i) {
    const Bytes frame = world.taken(0).second;
    in_order = in_order && (frame[0] | frame[1] << 8) == static_cast<int>(i);
  }
  kernel.join();
  CHECK(full);
  CHECK(in_order);
}

TEST_CASE("without its twin a frame is dropped and counted; with the next one frames go on") {
  Pumping world;
  world.give(0, 2, Bytes(60, 1));
  CHECK(comes_true([&] { return world.pump.control_drops(lb::DropReason::kKernelDown) == 1; }));
  CHECK(world.pump.control_counters(2).dropped == 1);
  CHECK_FALSE(world.pump.control_is_lost(2));
  world.attach();
  world.give(0, 2, Bytes(60, 2));
  CHECK(world.second.receive() == Bytes(60, 2));
}

TEST_CASE("a twin that fails is lost until there is another") {
  Pumping world;
  // A descriptor that cannot be read, as that of a TAP whose device was deleted.
  const int broken = open("/dev/null", O_WRONLY);
  world.pump.control_attach(0, broken);
  CHECK(comes_true([&] { return world.pump.control_is_lost(0); }));
  world.attach();
  CHECK_FALSE(world.pump.control_is_lost(0));
  world.give(0, 0, Bytes(60, 1));
  CHECK(world.first.receive() == Bytes(60, 1));
}

}  // namespace
}  // namespace control
