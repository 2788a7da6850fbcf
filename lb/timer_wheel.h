// A timing wheel that packets never touch. An entry sits in the slot where it would end if nothing
// came; packets only stamp the entry. When the slot comes round, the owner looks at the stamp and
// puts the entry back or ends it. Idle times beyond one turn simply look again every turn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "lb/connection.h"
#include "lb/occupied_slots.h"

namespace lb {

// `Entries` is indexed by EntryIndex and gives something with timer_next and timer_previous.
template <class Entries>
class TimerWheel {
 public:
  // One turn: 1,024 seconds, longer than any default idle time.
  static constexpr uint32_t kSlots = 16384;

  explicit TimerWheel(Entries& entries, Tick now = 0)
      : entries_(entries), slots_(kSlots + 1), current_(now) {}

  // `deadline` not before now. First in, first out within a slot.
  void insert(EntryIndex index, Tick deadline) {
    // A slot that is being looked at, or has been, comes round only after a whole turn.
    if (!before(current_, deadline)) deadline = current_ + 1;
    append(index, deadline % kSlots);
    ++size_;
  }

  void remove(EntryIndex index) {
    --size_;
    auto& entry = entries_[index];
    const EntryIndex next = entry.timer_next;
    const EntryIndex previous = entry.timer_previous;
    if (!is_slot(previous)) {
      entries_[previous].timer_next = next;
      if (!is_slot(next)) {
        entries_[next].timer_previous = previous;
      } else {
        slots_[slot_of(next)].last = previous;
      }
      return;
    }
    Slot& slot = slots_[slot_of(previous)];
    if (is_slot(next)) {
      slot = Slot{};
      if (slot_of(previous) != kPending) occupied_.clear(slot_of(previous));
    } else {
      entries_[next].timer_previous = previous;
      slot.first = next;
    }
  }

  // Looks at the entries of the slots up to `now`, at most `budget` of them; what is left over is
  // looked at first next time. `look(index)` is called with the entry off the wheel and ends it or
  // inserts it again. Before, `ahead(index)` is called for several at a time, to fetch what `look`
  // will need. Returns how many were looked at.
  template <class Ahead, class Look>
  uint32_t advance(Tick now, uint32_t budget, Ahead ahead, Look look) {
    constexpr uint32_t kAhead = 16;
    uint32_t looked = 0;
    while (looked < budget) {
      if (slots_[kPending].first != kNoEntry) {
        const uint32_t most = std::min(kAhead, budget - looked);
        uint32_t fetched = 0;
        for (EntryIndex index = slots_[kPending].first; !is_slot(index) && fetched < most;
             index = entries_[index].timer_next) {
          ahead(index);
          ++fetched;
        }
        for (; fetched > 0 && slots_[kPending].first != kNoEntry; --fetched) {
          const EntryIndex index = slots_[kPending].first;
          remove(index);
          look(index);
          ++looked;
        }
        continue;
      }
      if (!before(current_, now)) {
        if (!splice_early_to_pending()) break;
        continue;
      }
      // After a stall of more than a turn every slot is due just once.
      if (now - current_ > kSlots) current_ = now - kSlots;
      ++current_;
      splice_to_pending(current_ % kSlots);
    }
    return looked;
  }

  template <class Look>
  uint32_t advance(Tick now, uint32_t budget, Look look) {
    return advance(
        now, budget, [](EntryIndex) {}, look);
  }

  // From now on `advance` looks at all entries that are on the wheel now, whenever they are due:
  // for when entries may end sooner than they were inserted for. Some may be looked at twice.
  void look_at_all() {
    early_ = current_ + 1;
    early_end_ = early_ + kSlots;
  }

  // The entry that is due first as the wheel knows it (its stamp may be newer), or kNoEntry.
  EntryIndex first() const {
    if (size_ == 0) return kNoEntry;  // else every slot would be looked at
    if (slots_[kPending].first != kNoEntry) return slots_[kPending].first;
    const std::optional<uint32_t> slot = occupied_.next_from((current_ + 1) % kSlots);
    return slot ? slots_[*slot].first : kNoEntry;
  }

  // The one that stands behind an entry in its slot, or kNoEntry.
  EntryIndex behind(EntryIndex index) const {
    const EntryIndex next = entries_[index].timer_next;
    return is_slot(next) ? kNoEntry : next;
  }

  // Whether the first entry (see first) stands where this deadline belongs, or is overdue.
  bool first_stands_at(EntryIndex index, Tick deadline) const {
    const uint32_t slot = slot_of(entries_[index].timer_previous);
    return slot == deadline % kSlots || !before(current_, deadline);
  }

 private:
  struct Slot {
    EntryIndex first = kNoEntry;
    EntryIndex last = kNoEntry;
  };
  // The list of a slot ends, at both ends, in the slot's number with the high bit set.
  static constexpr uint32_t kPending = kSlots;
  static constexpr uint32_t kSlotBit = 0x80000000;
  static bool is_slot(EntryIndex index) { return (index & kSlotBit) != 0; }
  static uint32_t slot_of(EntryIndex index) { return index & ~kSlotBit; }

  void append(EntryIndex index, uint32_t number) {
    Slot& slot = slots_[number];
    auto& entry = entries_[index];
    entry.timer_next = number | kSlotBit;
    if (slot.last == kNoEntry) {
      entry.timer_previous = number | kSlotBit;
      slot.first = index;
      occupied_.set(number);
    } else {
      entry.timer_previous = slot.last;
      entries_[slot.last].timer_next = index;
    }
    slot.last = index;
  }

  void splice_to_pending(uint32_t number) {
    Slot& slot = slots_[number];
    if (slot.first == kNoEntry) return;
    entries_[slot.first].timer_previous = kPending | kSlotBit;
    entries_[slot.last].timer_next = kPending | kSlotBit;
    slots_[kPending] = slot;
    slot = Slot{};
    occupied_.clear(number);
  }

  // The same of the next slot of which look_at_all speaks. False: there is none.
  bool splice_early_to_pending() {
    if (early_ == early_end_) return false;
    if (!before(current_, early_)) early_ = current_ + 1;  // the slots before have been looked at
    const uint32_t from = early_ % kSlots;
    const std::optional<uint32_t> slot = occupied_.next_from(from);
    const Tick found = early_ + (slot ? (*slot - from) % kSlots : kSlots);
    if (!before(found, early_end_)) {
      early_ = early_end_;
      return false;
    }
    splice_to_pending(*slot);
    early_ = found + 1;
    return true;
  }

  Entries& entries_;
  std::vector<Slot> slots_;
  OccupiedSlots<kSlots> occupied_;
  Tick current_;
  // The slots up to that time, as it were, wait for an early look.
  Tick early_ = 0;
  Tick early_end_ = 0;
  uint32_t size_ = 0;
};

}  // namespace lb
