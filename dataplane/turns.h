// A worker's turns of the director's services: what round-robin schedulers count connections by.
// The cursors are all workers', so a burst claims what it may need of one with one atomic, and what
// it did not need goes back, so that no server loses a turn.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace dataplane {

class Turns {
 public:
  // Services of one burst that can be told apart; of more, each turn is claimed by itself.
  static constexpr size_t kServices = 64;

  // `cursors`: by service.
  explicit Turns(std::span<std::atomic<uint64_t>> cursors) : cursors_(cursors) {
    spare_.reserve(kServices);
  }

  // One more turn of the service will probably be taken before `settle`.
  void expect(uint32_t service) {
    if (Claim* claim = claim_of(service)) ++claim->expected;
  }

  uint64_t take(uint32_t service) {
    Claim* claim = claim_of(service);
    if (claim == nullptr) return cursors_[service].fetch_add(1, std::memory_order_relaxed);
    if (claim->next == claim->end) fill(*claim);
    return claim->next++;
  }

  // Gives back a turn of this burst, the service's last, that came to nothing.
  void put_back(uint32_t service, uint64_t turn) {
    Claim* claim = claim_of(service);
    if (claim != nullptr && claim->next == turn + 1) {
      claim->next = turn;
    } else {
      spare_.push_back({service, 0, turn, turn + 1});
    }
  }

  // The turn that would be taken after `more` others, between bursts and unless another worker
  // takes it first.
  uint64_t peek(uint32_t service, uint64_t more) const {
    for (const Claim& claim : spare_) {
      if (claim.service != service) continue;
      const uint64_t left = claim.end - claim.next;
      if (more < left) return claim.next + more;
      more -= left;
    }
    return cursors_[service].load(std::memory_order_relaxed) + more;
  }

  // The end of a burst: gives back what was not taken.
  void settle() {
    for (size_t i = 0; i < used_; ++i) {
      if (claims_[i].next != claims_[i].end) give_back(claims_[i]);
    }
    used_ = 0;
  }

 private:
  struct Claim {
    uint32_t service;
    uint32_t expected;
    uint64_t next;
    uint64_t end;
  };

  Claim* claim_of(uint32_t service) {
    for (size_t i = 0; i < used_; ++i) {
      if (claims_[i].service == service) return &claims_[i];
    }
    if (used_ == kServices) return nullptr;
    claims_[used_] = {service, 0, 0, 0};
    return &claims_[used_++];
  }

  void fill(Claim& claim) {
    for (size_t i = 0; i < spare_.size(); ++i) {
      if (spare_[i].service != claim.service) continue;
      claim.next = spare_[i].next;
      claim.end = spare_[i].end;
      spare_[i] = spare_.back();
      spare_.pop_back();
      return;
    }
    const uint32_t count = claim.expected > 0 ? claim.expected : 1;
    claim.expected = 0;
    claim.next = cursors_[claim.service].fetch_add(count, std::memory_order_relaxed);
    claim.end = claim.next + count;
  }

  // Where another worker has claimed since, the cursor cannot go back: this worker's next
  // connections of the service take those turns.
  void give_back(const Claim& claim) {
    uint64_t end = claim.end;
    if (cursors_[claim.service].compare_exchange_strong(end, claim.next,
                                                        std::memory_order_relaxed)) {
      return;
    }
    spare_.push_back(claim);
  }

  std::span<std::atomic<uint64_t>> cursors_;
  std::array<Claim, kServices> claims_;
  size_t used_ = 0;
  std::vector<Claim> spare_;
};

}  // namespace dataplane
