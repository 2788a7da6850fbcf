// What a worker does with a poll that brought nothing.
#pragma once

#include <cstdint>

namespace dataplane {

struct IdlePolicy {
  // After how many empty polls in a row it lets others run on its CPU (sched_yield). On a CPU that
  // it shares with another lcore that is every one: two workers that spin take turns of 4 ms. On
  // one of its own a rare yield costs next to nothing, and helps where other processes stray onto
  // it.
  uint32_t yield_every = 256;
  // Sleeps `sleep_us` microseconds at every poll after `after_polls` empty ones; 0: never.
  uint32_t sleep_us = 0;
  uint32_t after_polls = 0;
};

}  // namespace dataplane
