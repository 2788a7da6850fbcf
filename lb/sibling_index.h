// Where the connections of a worker are that share their outside end with another: one client port
// open to several services, and servers that are masqueraded towards one destination, of which
// there may be tens of thousands. By both ends, so that none of them is searched for one by one.
//
// A hash table with linear probing. Its memory is the heap's, none as long as no two connections
// share an end; at most 43 bytes for each of as many as there once were. It grows in parts, so that
// no packet waits for more than one part to be laid out anew: 1/64 of the whole. The hash is keyed.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "lb/connection_pool.h"

namespace lb {

// Which of a connection's other ends a packet names besides the outside end.
enum class Direction : uint8_t {
  kInbound,   // from outside to the virtual end
  kOutbound,  // from the real server to outside
};

template <class F>
class SiblingIndex {
 public:
  using Entry = Connection<F>;

  SiblingIndex(const ConnectionPool<F>& pool, HashKey key) : pool_(pool), key_(key) {}

  // An entry for which `is_it` holds among those with these ends, or kNoEntry. `outside` and
  // `protocol` are checked here.
  template <class IsIt>
  EntryIndex find(const End<F>& outside, Protocol protocol, Direction direction,
                  const End<F>& other, IsIt is_it) const {
    const uint64_t hash = hash_of(outside, protocol, direction, other);
    const Part& part = parts_[part_of(hash)];
    if (part.slots.empty()) return kNoEntry;
    for (size_t at = part.home(tag_of(hash)); part.slots[at].index != kNoEntry;
         at = part.behind(at)) {
      if (part.slots[at].tag != tag_of(hash)) continue;
      const Entry& entry = pool_[part.slots[at].index];
      if (entry.outside == outside && entry.protocol == protocol && is_it(entry)) {
        return part.slots[at].index;
      }
    }
    return kNoEntry;
  }

  // Precondition: it is not in here; its ends stay what they are.
  void insert(EntryIndex index) {
    for_each_hash(index, [&](uint64_t hash) { parts_[part_of(hash)].insert(tag_of(hash), index); });
  }
  // Precondition: it is in here.
  void remove(EntryIndex index) {
    for_each_hash(index, [&](uint64_t hash) { parts_[part_of(hash)].remove(tag_of(hash), index); });
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    EntryIndex index = kNoEntry;  // free
  };
  struct Part {
    std::vector<Slot> slots;  // empty, or a power of two
    size_t used = 0;

    size_t home(uint32_t tag) const { return tag & (slots.size() - 1); }
    size_t behind(size_t at) const { return (at + 1) & (slots.size() - 1); }

    void put(Slot slot) {
      size_t at = home(slot.tag);
      while (slots[at].index != kNoEntry) at = behind(at);
      slots[at] = slot;
    }

    void insert(uint32_t tag, EntryIndex index) {
      constexpr size_t kLeast = 16;
      if (4 * (used + 1) > 3 * slots.size()) {
        std::vector<Slot> before(slots.empty() ? kLeast : 2 * slots.size());
        before.swap(slots);
        for (const Slot& slot : before) {
          if (slot.index != kNoEntry) put(slot);
        }
      }
      put({tag, index});
      ++used;
    }

    // What stands behind moves up, so that no search ends at the gap before it has found it.
    void remove(uint32_t tag, EntryIndex index) {
      if (--used == 0) {
        slots = std::vector<Slot>();
        return;
      }
      size_t gap = home(tag);
      while (slots[gap].index != index || slots[gap].tag != tag) gap = behind(gap);
      for (size_t at = behind(gap); slots[at].index != kNoEntry; at = behind(at)) {
        const size_t mask = slots.size() - 1;
        const size_t way = (at - home(slots[at].tag)) & mask;
        if (way < ((at - gap) & mask)) continue;  // it stands between its home and the gap's place
        slots[gap] = slots[at];
        gap = at;
      }
      slots[gap] = {};
    }
  };
  static constexpr size_t kParts = 64;

  static size_t part_of(uint64_t hash) { return hash >> 58; }
  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash); }

  uint64_t hash_of(const End<F>& outside, Protocol protocol, Direction direction,
                   const End<F>& other) const {
    // The other end's part of a key has room for what tells directions apart.
    const auto part = static_cast<typename F::EndKey>(direction) << 48;
    const uint64_t first = F::hash(key_, outside.address, outside.port, protocol);
    return F::hash(key_, first ^ F::end_key(other.address, other.port, part));
  }

  // By the virtual end, and by the inside one where replies come by it.
  template <class Use>
  void for_each_hash(EntryIndex index, Use use) const {
    const Entry& entry = pool_[index];
    use(hash_of(entry.outside, entry.protocol, Direction::kInbound, entry.virtual_end));
    if (!entry.replies_seen) return;
    use(hash_of(entry.outside, entry.protocol, Direction::kOutbound, entry.inside));
  }

  const ConnectionPool<F>& pool_;
  HashKey key_;
  std::array<Part, kParts> parts_;
};

}  // namespace lb
