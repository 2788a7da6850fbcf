// Servers chosen ahead for the connections that a burst will probably open, where several workers
// weigh each other's loads. A choice reads what all workers write: if every opening made its own,
// with all that an opening does in between, the lines would come from the other CPUs each time.
// Made one after the other they come once a burst. What is chosen is counted at once, so that
// others see it.
#pragma once

#include <array>

#include "dataplane/packet.h"
#include "lb/connections.h"
#include "scheduler/plan.h"

namespace dataplane {

template <class F>
class Reservations {
 public:
  static constexpr size_t kMost = 64;  // of further ones the server is chosen when they open

  explicit Reservations(lb::Connections<F>& connections) : connections_(connections) {}

  bool full() const { return end_ == kMost; }

  // `position`: the server's in its service; `server`: its slot, of one without a threshold;
  // `state`: the connection's first. Not when full.
  void add(const Packet<F>& packet, uint32_t position, uint32_t server, lb::State state) {
    connections_.reserve(server, state);
    reserved_[end_++] = {&packet, position, server, state};
  }

  // The position chosen for a packet, if one was. Its count is the caller's from now on.
  scheduler::Picked take(const Packet<F>& packet) {
    for (size_t i = next_; i < end_; ++i) {
      if (reserved_[i].packet != &packet) continue;
      reserved_[i].packet = nullptr;
      if (i == next_) ++next_;
      return reserved_[i].position;
    }
    return std::nullopt;
  }

  // The end of a burst: gives back what was not taken.
  void settle() {
    for (size_t i = next_; i < end_; ++i) {
      if (reserved_[i].packet != nullptr) {
        connections_.unreserve(reserved_[i].server, reserved_[i].state);
      }
    }
    next_ = end_ = 0;
  }

 private:
  struct Reservation {
    const Packet<F>* packet;  // nullptr: taken
    uint32_t position;
    uint32_t server;
    lb::State state;
  };

  lb::Connections<F>& connections_;
  std::array<Reservation, kMost> reserved_;
  size_t next_ = 0;
  size_t end_ = 0;
};

}  // namespace dataplane
