// Ports on which packets arrive at set times, whether or not anybody is there to take them, and
// which note when each leaves: latency counts from the time at which a packet was to arrive.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <semaphore>
#include <span>
#include <vector>

#include "dataplane/io.h"

namespace bench {

// What the scheduler gave a thread over a stretch of time, in cycles of the time-stamp counter.
struct ThreadUse {
  uint64_t elapsed = 0;
  uint64_t on_cpu = 0;
  uint64_t waited = 0;  // ready to run, with others on its CPU
  uint64_t turns = 0;   // times that it was put onto a CPU

  // Of this thread since it began, but for `elapsed`, which is the counter itself. Throws Failure
  // where the kernel does not tell (CONFIG_SCHED_INFO).
  static ThreadUse now();
  ThreadUse operator-(const ThreadUse& earlier) const;
};

// Real-time priority for this thread, or the usual one. Where that is not allowed nothing changes,
// and the samples that others disturb tell.
void set_real_time(bool on);

class PacedIo final : public dataplane::Io {
 public:
  static constexpr dataplane::LinkNumber kLinks = 2;
  // A NIC's usual number of receive descriptors. What arrives at a full ring is lost.
  static constexpr uint32_t kDescriptors = 1024;

  struct Arrivals {
    std::span<rte_mbuf* const> packets;
    std::vector<int64_t> due;  // cycles after the start, of each packet, ascending
  };
  struct Plan {
    std::array<Arrivals, kLinks> links;
    int64_t until = 0;          // cycles after the start that it goes on at least
    bool endless_ring = false;  // nothing is lost
  };
  struct Pause {
    uint64_t from, to;
  };
  // A turn of 64 packets of each link takes a worker 16 us at most.
  static constexpr uint64_t kPauseUs = 20;
  struct Outcome {
    static constexpr uint64_t kNever = ~uint64_t{0};
    // By packet, those of the first link first: cycles until it was handed to `transmit`, or
    // kNever: it found the ring full.
    std::vector<uint64_t> latencies;
    std::vector<uint64_t> calm_latencies;  // of the packets that no pause met, by no order
    uint64_t lost = 0;
    uint64_t released = 0;  // by the worker, unsent
    uint64_t bursts = 0;
    uint64_t kept = 0;     // packets that did not leave in the turn in which they were received
    uint64_t longest = 0;  // cycles from one turn to the next, at most
    // Turns longer than any work takes, until what came meanwhile has left: in cycles after the
    // start. The machine stood still, or the worker slept.
    std::vector<Pause> pauses;
    uint64_t paused = 0;     // cycles of such turns
    uint64_t last_left = 0;  // cycles after the start
    ThreadUse use;
  };

  // The next `receive` starts the clock. Until all have their fate its thread has real-time
  // priority, where that is allowed: the CPU to itself. Not while another plan is at work.
  void arm(Plan plan);
  // Until every packet has left or is lost. False: not within this time.
  bool wait(std::chrono::seconds limit) { return finished_.try_acquire_for(limit); }
  // For a loop that ends by itself, on its own thread.
  bool is_finished() const { return state_ == State::kFinished; }
  // After `wait`.
  Outcome take_outcome() { return std::move(outcome_); }

  uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  // The director makes no packets of its own here: whoever asks for a buffer has lost a packet.
  rte_mbuf* allocate() override { return nullptr; }
  void release(rte_mbuf** packets, uint16_t count) override;

 private:
  enum class State : uint8_t { kArmed, kRunning, kFinished };
  struct Lane {
    Arrivals arrivals;
    uint32_t first = 0;  // number of its first packet
    uint32_t next = 0;   // that arrives
    std::vector<uint32_t> ring;
    uint32_t head = 0, tail = 0;  // taken from and put into the ring since the start
    bool is_empty() const { return head == tail; }
  };

  void start();
  void begin_turn(int64_t now);
  void finish(int64_t now);
  void let_arrive(Lane& lane, int64_t now);
  void note_pause(int64_t now);
  void note_latencies();

  State state_ = State::kFinished;
  std::array<Lane, kLinks> lanes_;
  uint64_t start_ = 0;
  int64_t until_ = 0;
  int64_t last_turn_ = 0;
  uint64_t pause_ = 0;        // cycles, kPauseUs
  bool catching_up_ = false;  // after a pause
  uint64_t total_ = 0, received_ = 0, sent_ = 0;
  ThreadUse before_;
  Outcome outcome_;
  std::binary_semaphore finished_{0};
};

}  // namespace bench
