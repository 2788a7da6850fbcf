// The thread that carries frames between the kernel's twins and the workers, so that neither waits
// for a system call of the other's. It knows TAPs by their descriptors and workers by their rings,
// allocates nothing, and sleeps when there is nothing to carry, at most kLongestSleep at a time:
// what a worker puts into a ring while it sleeps waits that long, what the kernel sends wakes it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "dataplane/kernel_exchange.h"
#include "lb/drop_reason.h"
#include "lb/live.h"

namespace control {

struct TwinCounters {
  uint64_t to_kernel = 0;    // frames that the kernel took
  uint64_t from_kernel = 0;  // frames that it sent
  uint64_t dropped = 0;      // frames that it did not take
};

class TwinPump {
 public:
  static constexpr std::chrono::microseconds kLongestSleep{1000};

  // `senders`: by link, a worker that has a transmit queue of it. `exchange` outlives the pump.
  TwinPump(dataplane::KernelExchange& exchange, std::vector<dataplane::WorkerNumber> senders);
  TwinPump(const TwinPump&) = delete;
  TwinPump& operator=(const TwinPump&) = delete;
  // Closes the TAPs.
  ~TwinPump();

  // The rest is the control thread's. Takes a link's TAP, in place of the one that it may have.
  void control_attach(dataplane::LinkNumber link, int tap);
  // Closes a link's TAP, which is lost then.
  void control_detach(dataplane::LinkNumber link);
  // Whether a link's TAP was there and has been deleted.
  bool control_is_lost(dataplane::LinkNumber link) const { return twins_[link].lost.load(); }
  TwinCounters control_counters(dataplane::LinkNumber link) const;
  uint64_t control_drops(lb::DropReason reason) const {
    return drops_[static_cast<size_t>(reason)].reader_get();
  }

 private:
  struct Twin {
    int tap = -1;
    bool waits = false;  // for room on the way to its worker
    std::atomic<bool> lost{false};
    lb::Counter<uint64_t> to_kernel, from_kernel, dropped;
  };
  void run();
  void hand_over(dataplane::LinkNumber link, int tap);
  void take_attached();
  bool carry_to_kernel(dataplane::WorkerNumber worker);
  bool carry_from_kernel(dataplane::LinkNumber link);
  void write(const dataplane::FrameRing::Frame& frame);
  void drop(Twin& twin, lb::DropReason reason);
  void lose(Twin& twin);
  void sleep(std::chrono::microseconds longest);

  dataplane::KernelExchange& exchange_;
  std::vector<dataplane::WorkerNumber> senders_;
  std::vector<Twin> twins_;  // by link
  std::array<lb::Counter<uint64_t>, lb::kDropReasons> drops_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> attached_{false};
  std::mutex mutex_;
  // Guarded by it, one of a link; -1: the link's is to be closed.
  std::vector<std::pair<dataplane::LinkNumber, int>> attached_taps_;
  std::thread thread_;
};

}  // namespace control
