#include "tools/bench/paced_io.h"

#include <pthread.h>
#include <rte_cycles.h>

#include <algorithm>
#include <bit>
#include <fstream>

#include "tools/bench/measure.h"
#include "tools/bench/packets.h"

namespace bench {

void set_real_time(bool on) {
  const sched_param parameters{.sched_priority = on ? 1 : 0};
  pthread_setschedparam(pthread_self(), on ? SCHED_FIFO : SCHED_OTHER, &parameters);
}

ThreadUse ThreadUse::now() {
  std::ifstream file("/proc/thread-self/schedstat");
  // The kernel brings the first number up to date once a tick only.
  uint64_t ran = 0, waited = 0, turns = 0;
  if (!(file >> ran >> waited >> turns)) throw Failure("/proc/thread-self/schedstat: not there");
  const double cycles_per_ns = static_cast<double>(rte_get_tsc_hz()) * 1e-9;
  return {rte_rdtsc(), cpu_cycles(),
          static_cast<uint64_t>(static_cast<double>(waited) * cycles_per_ns), turns};
}

ThreadUse ThreadUse::operator-(const ThreadUse& earlier) const {
  return {elapsed - earlier.elapsed, on_cpu - earlier.on_cpu, waited - earlier.waited,
          turns - earlier.turns};
}

void PacedIo::arm(Plan plan) {
  total_ = 0;
  for (size_t link = 0; link < kLinks; ++link) {
    Lane& lane = lanes_[link];
    lane.arrivals = std::move(plan.links[link]);
    lane.first = static_cast<uint32_t>(total_);
    lane.next = lane.head = lane.tail = 0;
    const auto count = static_cast<uint32_t>(lane.arrivals.packets.size());
    lane.ring.assign(plan.endless_ring ? std::bit_ceil(count + 1) : kDescriptors, 0);
    for (uint32_t i = 0; i < count; ++i) lane.arrivals.packets[i]->hash.usr = lane.first + i;
    total_ += count;
  }
  received_ = sent_ = 0;
  until_ = plan.until;
  pause_ = kPauseUs * rte_get_tsc_hz() / 1'000'000;
  catching_up_ = false;
  outcome_ = {};
  outcome_.latencies.assign(total_, Outcome::kNever);
  state_ = State::kArmed;
}

void PacedIo::start() {
  set_real_time(true);
  before_ = ThreadUse::now();
  last_turn_ = 0;
  state_ = State::kRunning;
  start_ = rte_rdtsc();
}

void PacedIo::finish(int64_t now) {
  outcome_.use = ThreadUse::now() - before_;
  outcome_.use.elapsed = static_cast<uint64_t>(now);
  note_latencies();
  state_ = State::kFinished;
  // The caller may need the same CPU to go on.
  set_real_time(false);
  finished_.release();
}

// From when each packet left to how long it was there.
void PacedIo::note_latencies() {
  for (Lane& lane : lanes_) {
    auto pause = outcome_.pauses.begin();
    for (uint32_t i = 0; i < lane.arrivals.due.size(); ++i) {
      uint64_t& left = outcome_.latencies[lane.first + i];
      if (left == Outcome::kNever) continue;
      const auto came = static_cast<uint64_t>(lane.arrivals.due[i]);
      while (pause != outcome_.pauses.end() && pause->to < came) ++pause;
      const bool met = pause != outcome_.pauses.end() && pause->from <= left;
      left -= came;
      if (!met) outcome_.calm_latencies.push_back(left);
    }
  }
}

void PacedIo::note_pause(int64_t now) {
  const auto length = static_cast<uint64_t>(now - last_turn_);
  outcome_.longest = std::max(outcome_.longest, length);
  const auto at = static_cast<uint64_t>(now);
  if (length > pause_) {
    if (!catching_up_) outcome_.pauses.push_back({at - length, at});
    catching_up_ = true;
    outcome_.paused += length;
  } else if (catching_up_ && sent_ == received_ && lanes_[0].is_empty() && lanes_[1].is_empty()) {
    catching_up_ = false;
  }
  if (catching_up_) outcome_.pauses.back().to = at;
}

void PacedIo::begin_turn(int64_t now) {
  outcome_.kept += received_ - sent_ - outcome_.released;
  note_pause(now);
  last_turn_ = now;
  if (now >= until_ && sent_ + outcome_.released + outcome_.lost == total_) finish(now);
}

void PacedIo::let_arrive(Lane& lane, int64_t now) {
  const std::vector<int64_t>& due = lane.arrivals.due;
  const auto size = static_cast<uint32_t>(lane.ring.size());
  for (; lane.next < due.size() && due[lane.next] <= now; ++lane.next) {
    if (lane.tail - lane.head == size) {
      ++outcome_.lost;
    } else {
      lane.ring[lane.tail++ & (size - 1)] = lane.next;
    }
  }
}

uint16_t PacedIo::receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  if (state_ == State::kFinished) return 0;
  if (state_ == State::kArmed) start();
  const auto now = static_cast<int64_t>(rte_rdtsc() - start_);
  if (link == 0) begin_turn(now);
  Lane& lane = lanes_[link];
  let_arrive(lane, now);
  const auto taken = static_cast<uint16_t>(std::min<uint32_t>(count, lane.tail - lane.head));
  if (taken == 0) return 0;
  const uint32_t mask = static_cast<uint32_t>(lane.ring.size()) - 1;
  for (uint16_t i = 0; i < taken; ++i) {
    packets[i] = lane.arrivals.packets[lane.ring[lane.head++ & mask]];
  }
  ++outcome_.bursts;
  received_ += taken;
  return taken;
}

uint16_t PacedIo::transmit(dataplane::LinkNumber, rte_mbuf** packets, uint16_t count) {
  const uint64_t now = rte_rdtsc() - start_;
  for (uint16_t i = 0; i < count; ++i) outcome_.latencies[packets[i]->hash.usr] = now;
  outcome_.last_left = now;
  sent_ += count;
  return count;
}

void PacedIo::release(rte_mbuf**, uint16_t count) { outcome_.released += count; }

}  // namespace bench
