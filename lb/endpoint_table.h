// (address, port, protocol) to a number, immutable once built: the one probe that tells a worker
// whether a packet goes to a virtual service. Open addressing at half load, one line per probe. An
// item of port 0 has every port that no other item of its address has; where there is none such,
// nothing is probed for it.
#pragma once

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
  EndpointTable(const std::vector<Item>& items, HashKey key) : key_(key) {
    size_t slots = kFewest;
    while (slots < 2 * items.size()) slots *= 2;
    slots_.resize(slots);
    mask_ = slots - 1;
    for (const Item& item : items) {
      has_all_ports_ = has_all_ports_ || item.end.port == Be16(0);
      const Key key = F::end_key(item.end.address, item.end.port, item.protocol);
      size_t i = position(key);
      while (slots_[i].key != kFree) i = next(i);
      slots_[i] = {key, item.value};
    }
  }

  std::optional<uint32_t> find(const End<F>& end, Protocol protocol) const {
    const uint32_t value = find_or(kNone, end, protocol);
    return value == kNone ? std::nullopt : std::optional(value);
  }
  uint32_t find_or(uint32_t fallback, const End<F>& end, Protocol protocol) const {
    const Slot& own = probe(F::end_key(end.address, end.port, protocol));
    if (own.key != kFree) [[likely]]
      return own.value;
    if (!has_all_ports_) return fallback;
    const Slot& all = probe(F::end_key(end.address, Be16(0), protocol));
    return all.key != kFree ? all.value : fallback;
  }

 private:
  using Key = typename F::EndKey;
  static constexpr Key kFree{};
  static constexpr size_t kFewest = 2;
  struct Slot {
    Key key = kFree;
    uint32_t value = 0;
  };

  // The key's slot, or the free one where it would stand.
  const Slot& probe(const Key& key) const {
    size_t i = position(key);
    while (slots_[i].key != key && slots_[i].key != kFree) i = next(i);
    return slots_[i];
  }
  size_t position(const Key& key) const { return F::hash(key_, key) & mask_; }
  size_t next(size_t i) const { return (i + 1) & mask_; }

  HashKey key_;
  size_t mask_ = 0;
  bool has_all_ports_ = false;
  std::vector<Slot> slots_;
};

}  // namespace lb
