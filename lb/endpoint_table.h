// (address, port, protocol) to a number, immutable once built: the one probe that tells a worker
// whether a packet goes to a virtual service. Open addressing at half load, one line per probe. An
// item of port 0 has every port that no other item of its address has; where there is none such,
// nothing is probed for it.
#pragma once

#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "lb/family.h"

namespace lb {

template <class F>
class EndpointTable {
 public:
  struct Item {
    End<F> end;
    Protocol protocol;
    uint32_t value;
  };

  static constexpr uint32_t kNone = 0xffffffff;

  EndpointTable() : EndpointTable({}, HashKey{}) {}
  // Items are distinct in (end, protocol), no value is kNone.
  EndpointTable(const std::vector<Item>& items, HashKey key) {
    const size_t slots = std::bit_ceil(std::max(kFewest, 2 * items.size()));
    shift_ = static_cast<unsigned>(64 - std::countr_zero(slots));
    mask_ = slots - 1;
    for (const Item& item : items) {
      has_all_ports_ = has_all_ports_ || item.end.port == Be16(0);
    }
    // A multiplier under which many items come close to one another is rare, and not kept.
    for (uint64_t tries = 1; tries <= kTries && !fill(items, mix(key, tries) | 1); ++tries) {
    }
  }

  // Whether it is worth to fetch ahead what `find_or` will look at.
  bool is_large() const { return slots_.size() > 1024; }
  // Inline wherever it is called: a function without an effect is one that compilers leave out.
  [[gnu::always_inline]] void prefetch(const FlowEnd<F>& end) const {
    __builtin_prefetch(&slots_[position(end.key())]);
  }

  // What a look-up needs, by value: who looks up many ends keeps it in registers.
  class Reader;
  Reader reader() const { return Reader(*this); }

  std::optional<uint32_t> find(const End<F>& end, Protocol protocol) const {
    const uint32_t value = reader().find_or(kNone, FlowEnd<F>::of(end, protocol));
    return value == kNone ? std::nullopt : std::optional(value);
  }

 private:
  using Key = typename F::EndKey;
  static constexpr Key kFree{};
  // With fewer, what is no item would meet one at every second probe, at random.
  static constexpr size_t kFewest = 64;
  static constexpr uint64_t kTries = 8;
  static constexpr size_t kFarthest = 16;  // slots that are looked at for one item
  struct Slot {
    Key key = kFree;
    uint32_t value = 0;
  };

  // Fills the table anew. False: an item stands too far from where it belongs.
  bool fill(const std::vector<Item>& items, uint64_t multiplier) {
    multiplier_ = multiplier;
    slots_.assign(mask_ + 1, Slot{});
    bool is_near = true;
    for (const Item& item : items) {
      const Key key = F::end_key(item.end.address, item.end.port, item.protocol);
      size_t i = position(key);
      size_t distance = 0;
      for (; slots_[i].key != kFree; i = next(i)) ++distance;
      slots_[i] = {key, item.value};
      is_near = is_near && distance < kFarthest;
    }
    return is_near;
  }

  // What does not stand where it belongs, or is no item itself. Out of line, and its needs with it.
  [[gnu::noinline]] uint32_t find_farther(uint32_t fallback, const FlowEnd<F>& end) const {
    if (const Slot* slot = probe(end.key())) return slot->value;
    if (!has_all_ports_ || end.port == Be16(0)) return fallback;
    const Slot* slot = probe(F::end_key(end.address, Be16(0), end.protocol));
    return slot != nullptr ? slot->value : fallback;
  }
  // The key's slot, or nullptr.
  const Slot* probe(const Key& key) const {
    for (size_t i = position(key);; i = next(i)) {
      if (slots_[i].key == key) return &slots_[i];
      if (slots_[i].key == kFree) return nullptr;
    }
  }
  size_t position(const Key& key) const {
    // The analyzer takes a FlowEnd for unset whose bytes were set at once.
    return F::spread(multiplier_, key) >> shift_;  // NOLINT(clang-analyzer-core.CallAndMessage)
  }
  size_t next(size_t i) const { return (i + 1) & mask_; }

  uint64_t multiplier_ = 1;
  unsigned shift_ = 0;
  size_t mask_ = 0;
  bool has_all_ports_ = false;
  std::vector<Slot> slots_;
};

// Valid while the table is.
template <class F>
class EndpointTable<F>::Reader {
 public:
  explicit Reader(const EndpointTable& table)
      : multiplier_(table.multiplier_),
        shift_(table.shift_),
        slots_(table.slots_.data()),
        table_(table) {}

  uint32_t find_or(uint32_t fallback, const FlowEnd<F>& end) const {
    const Slot& first = slots_[F::spread(multiplier_, end.key()) >> shift_];
    if (first.key == end.key()) [[likely]]
      return first.value;
    if (first.key == kFree && (!table_.has_all_ports_ || end.port == Be16(0))) return fallback;
    return table_.find_farther(fallback, end);
  }

 private:
  uint64_t multiplier_;
  unsigned shift_;
  const Slot* slots_;
  const EndpointTable& table_;
};

}  // namespace lb
