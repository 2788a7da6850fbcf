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

  EndpointTable() : EndpointTable({}, HashKey{}) {}
  // Items are distinct in (end, protocol).
  EndpointTable(const std::vector<Item>& items, HashKey key) : key_(key) {
    size_t slots = kFewest;
    while (slots < 2 * items.size()) slots *= 2;
    slots_.resize(slots);
    mask_ = slots - 1;
    for (const Item& item : items) {
      has_all_ports_ = has_all_ports_ || item.end.port == Be16(0);
      size_t i = position(item.end, item.protocol);
      while (slots_[i].taken) i = next(i);
      slots_[i] = {item.end, item.protocol, true, item.value};
    }
  }

  std::optional<uint32_t> find(const End<F>& end, Protocol protocol) const {
    const std::optional<uint32_t> value = find_port(end, protocol);
    if (value || !has_all_ports_) return value;
    return find_port({end.address, Be16(0)}, protocol);
  }

 private:
  std::optional<uint32_t> find_port(const End<F>& end, Protocol protocol) const {
    for (size_t i = position(end, protocol); slots_[i].taken; i = next(i)) {
      if (slots_[i].end == end && slots_[i].protocol == protocol) return slots_[i].value;
    }
    return std::nullopt;
  }

  static constexpr size_t kFewest = 2;
  struct Slot {
    End<F> end{};
    Protocol protocol{};
    bool taken = false;
    uint32_t value = 0;
  };

  size_t position(const End<F>& end, Protocol protocol) const {
    return F::hash(key_, end.address, end.port, protocol) & mask_;
  }
  size_t next(size_t i) const { return (i + 1) & mask_; }

  HashKey key_;
  size_t mask_ = 0;
  bool has_all_ports_ = false;
  std::vector<Slot> slots_;
};

}  // namespace lb
