#include "control/twin_pump.h"

#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace control {

using dataplane::FrameRing;
using dataplane::LinkNumber;
using dataplane::WorkerNumber;
using lb::DropReason;

namespace {

// Frames one way before the others have their turn.
constexpr uint32_t kAtOnce = 64;
constexpr std::chrono::microseconds kShortestSleep{20};

}  // namespace

TwinPump::TwinPump(dataplane::KernelExchange& exchange, std::vector<WorkerNumber> senders)
    : exchange_(exchange), senders_(std::move(senders)), twins_(exchange.links()) {
  // Signals are the control thread's: the new thread inherits the mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TwinPump::~TwinPump() {
  stop_.store(true);
  thread_.join();
  take_attached();
  for (Twin& twin : twins_) {
    if (twin.tap >= 0) close(twin.tap);
  }
}

void TwinPump::control_attach(LinkNumber link, int tap) {
  hand_over(link, tap);
  twins_[link].lost.store(false);
}

void TwinPump::control_detach(LinkNumber link) { hand_over(link, -1); }

void TwinPump::hand_over(LinkNumber link, int tap) {
  const std::lock_guard lock(mutex_);
  std::erase_if(attached_taps_, [&](const auto& waiting) {
    if (waiting.first != link) return false;
    if (waiting.second >= 0) close(waiting.second);
    return true;
  });
  attached_taps_.emplace_back(link, tap);
  attached_.store(true);
}

TwinCounters TwinPump::control_counters(LinkNumber link) const {
  const Twin& twin = twins_[link];
  return {twin.to_kernel.reader_get(), twin.from_kernel.reader_get(), twin.dropped.reader_get()};
}

void TwinPump::run() {
  pthread_setname_np(pthread_self(), "lbd-kernel");
  // Sleeps of microseconds are to last microseconds.
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  std::chrono::microseconds rest{0};
  while (!stop_.load(std::memory_order_relaxed)) {
    if (attached_.load(std::memory_order_relaxed)) take_attached();
    bool carried = false;
    for (WorkerNumber worker = 0; worker < exchange_.workers(); ++worker) {
      carried = carry_to_kernel(worker) || carried;
    }
    for (LinkNumber link = 0; link < twins_.size(); ++link) {
      carried = carry_from_kernel(link) || carried;
    }
    rest = carried ? std::chrono::microseconds{0} : std::max(kShortestSleep, 2 * rest);
    rest = std::min(rest, kLongestSleep);
    if (!carried) sleep(rest);
  }
}

void TwinPump::take_attached() {
  const std::lock_guard lock(mutex_);
  for (const auto& [link, tap] : attached_taps_) {
    if (twins_[link].tap >= 0) close(twins_[link].tap);
    twins_[link].tap = tap;
    twins_[link].lost.store(tap < 0);
  }
  attached_taps_.clear();
  attached_.store(false);
}

bool TwinPump::carry_to_kernel(WorkerNumber worker) {
  FrameRing& ring = exchange_.to_kernel(worker);
  uint32_t carried = 0;
  for (; carried < kAtOnce; ++carried) {
    const auto frame = ring.reader_front();
    if (!frame) break;
    write(*frame);
    ring.reader_pop();
  }
  return carried > 0;
}

void TwinPump::write(const FrameRing::Frame& frame) {
  Twin& twin = twins_[frame.link];
  if (twin.tap < 0) {
    drop(twin, DropReason::kKernelDown);
    return;
  }
  if (::write(twin.tap, frame.bytes.data(), frame.bytes.size()) >= 0) {
    twin.to_kernel.add(1);
    return;
  }
  switch (errno) {
    case EBADFD:
      lose(twin);
      [[fallthrough]];
    case EIO:  // somebody has taken it down
      drop(twin, DropReason::kKernelDown);
      break;
    default:
      drop(twin, DropReason::kKernelFull);
      break;
  }
}

// Where the worker has no room the frames stay with the kernel, whose queue is made for that.
bool TwinPump::carry_from_kernel(LinkNumber link) {
  Twin& twin = twins_[link];
  twin.waits = false;
  if (twin.tap < 0) return false;
  FrameRing& ring = exchange_.from_kernel(senders_[link]);
  uint32_t carried = 0;
  for (; carried < kAtOnce; ++carried) {
    if (!ring.writer_has_room(1)) {
      twin.waits = true;
      break;
    }
    const std::span<uint8_t> slot = ring.writer_slot();
    const ssize_t length = read(twin.tap, slot.data(), slot.size());
    if (length <= 0) {
      if (length < 0 && errno != EAGAIN && errno != EINTR) lose(twin);
      break;
    }
    ring.writer_commit(link, static_cast<uint16_t>(length));
    twin.from_kernel.add(1);
  }
  return carried > 0;
}

void TwinPump::drop(Twin& twin, DropReason reason) {
  twin.dropped.add(1);
  drops_[static_cast<size_t>(reason)].add(1);
}

void TwinPump::lose(Twin& twin) {
  close(twin.tap);
  twin.tap = -1;
  twin.lost.store(true);
}

void TwinPump::sleep(std::chrono::microseconds longest) {
  constexpr size_t kMost = 64;  // that wake it; others wait for the end of its sleep
  std::array<pollfd, kMost> taps;
  nfds_t count = 0;
  for (const Twin& twin : twins_) {
    if (twin.tap >= 0 && !twin.waits && count < kMost) taps[count++] = {twin.tap, POLLIN, 0};
  }
  const timespec timeout{0, std::chrono::nanoseconds(longest).count()};
  ppoll(taps.data(), count, &timeout, nullptr);
}

}  // namespace control
