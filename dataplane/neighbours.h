// Next hops and their MAC addresses, as a host on the wire keeps them (RFC 1122 section 2.3.2,
// states after RFC 4861 section 7.3): resolved when needed, refreshed while used, given up after
// three tries. A few packets wait, untouched, for a next hop that is being resolved. One thread.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "dataplane/headers.h"
#include "dataplane/io.h"
#include "lb/connection.h"

namespace dataplane {

enum class NeighbourState : uint8_t {
  kFree,
  kIncomplete,  // asked for, nothing known yet
  kFailed,      // did not answer
  // The usable ones.
  kStatic,     // configured: never resolved, aged or moved
  kReachable,  // answered; "stale" when that was long ago and nobody has used it since
  kProbing,    // answered, and being asked again; still used
};

// A line of its own, so that a packet touches one.
template <class F>
struct alignas(64) Neighbour {
  EthernetHeader header;  // ready to be put before a packet
  LinkNumber link = 0;
  typename F::Address address{};
  uint16_t generation = 0;
  // The handle by which it is sent to; while it can't be, one that nobody has.
  static constexpr lb::NextHop kNobody = 1;
  lb::NextHop usable_by = kNobody;
  NeighbourState state = NeighbourState::kFree;
  uint8_t tries = 0;
  bool silence_told = false;     // its owner knows that it does not answer
  lb::Tick confirmed = 0;        // when it last answered
  lb::Tick used = 0;             // when a packet last went to it
  lb::Tick next_look = 0;        // when a try or an age runs out
  uint16_t mtu = 0;              // of its link
  typename F::Address source{};  // the director's address towards it

  bool usable() const { return state >= NeighbourState::kStatic; }
};

struct HeldPacket {
  // Of packets that the director made: they have room for an Ethernet header and leave as they are.
  static constexpr LinkNumber kMade = 0xffff;
  rte_mbuf* packet;
  LinkNumber link;  // by which it came
};

// What the table asks of its owner. No call may change the table, except through a packet of
// `resolved` that asks for another next hop.
template <class F>
class NeighbourOwner {
 public:
  virtual ~NeighbourOwner() = default;
  // The director's own address on a link for packets to this neighbour.
  virtual typename F::Address source_towards(LinkNumber link,
                                             typename F::Address address) const = 0;
  // Asks the wire; by unicast when `known` is given.
  virtual void solicit(LinkNumber link, typename F::Address address,
                       const lb::MacAddress* known) = 0;
  // The packets that waited now have a next hop; they belong to the owner again.
  virtual void resolved(const Neighbour<F>& hop, std::span<const HeldPacket> packets) = 0;
  // Nobody answered; the packets belong to the owner again.
  virtual void unreachable(std::span<const HeldPacket> packets) = 0;
  // It does not answer; told once until it answers again.
  virtual void silent(LinkNumber link, typename F::Address address) = 0;
  virtual void moved(LinkNumber link, typename F::Address address, const lb::MacAddress& from,
                     const lb::MacAddress& to) = 0;
};

// The part of a link that headers are made of.
struct LinkHeader {
  lb::MacAddress mac;
  uint16_t mtu = 0;
};

template <class F>
class Neighbours {
 public:
  using Address = typename F::Address;
  static constexpr uint32_t kCapacity = 16384;
  static constexpr uint32_t kHeldPerHop = 64;  // of datagrams in fragments, each counts as one
  static constexpr uint32_t kHeldTotal = 1024;
  static constexpr uint8_t kTries = 3;
  static constexpr lb::Tick kRetry = lb::kTicksPerSecond;
  static constexpr lb::Tick kReachableTime = 30 * lb::kTicksPerSecond;
  static constexpr lb::Tick kForgetTime = 600 * lb::kTicksPerSecond;

  // `worker`: its number; of the workers that know a neighbour, the lowest asks it again first, and
  // the answer spares the others. `most_held`: buffers that wait for all neighbours together, so
  // that a scan of addresses where nobody is does not use up the receive pool.
  Neighbours(NeighbourOwner<F>& owner, std::vector<LinkHeader> links, uint16_t worker,
             uint32_t most_held = kHeldTotal);

  // The neighbour of a handle, or nullptr when it has been forgotten since.
  Neighbour<F>* get(lb::NextHop hop) {
    const uint32_t index = hop & kIndexMask;
    Neighbour<F>& neighbour = table_[index];
    return (hop >> kIndexBits) == neighbour.generation && hop != 0 ? &neighbour : nullptr;
  }

  // The same, but nullptr as well while nothing can be sent to it: there the handle 0 leads.
  Neighbour<F>* usable(lb::NextHop hop) {
    Neighbour<F>& neighbour = table_[hop & kIndexMask];
    return neighbour.usable_by == hop ? &neighbour : nullptr;
  }

  // Inline wherever it is called: see ConnectionTable::prefetch.
  [[gnu::always_inline]] void fetch(lb::NextHop hop) const {
    __builtin_prefetch(&table_[hop & kIndexMask]);
  }

  const Neighbour<F>* get(lb::NextHop hop) const { return const_cast<Neighbours*>(this)->get(hop); }

  // nullptr: nobody has asked for it.
  const Neighbour<F>* look_up(LinkNumber link, Address address) const {
    const uint32_t index = find(link, address);
    return index == 0 ? nullptr : &table_[index];
  }

  // 0 when the table is full of neighbours in use.
  lb::NextHop find_or_add(LinkNumber link, Address address, lb::Tick now);
  // What waits for it goes on. Where the table is full of neighbours in use, it is asked for when
  // needed, as others are.
  void add_static(LinkNumber link, Address address, const lb::MacAddress& mac, lb::Tick now);
  // From now on it is one like others, and is asked when its address is next needed.
  void forget_static(LinkNumber link, Address address);
  // Every handle out there finds nothing any more, and each neighbour's own source address is asked
  // for anew: the director's addresses or routes have changed.
  void invalidate();

  // Keeps a packet for an unusable neighbour, in one buffer or as its fragments, asking for it if
  // nobody does. False when enough wait: none of them is kept.
  bool hold(lb::NextHop hop, std::span<const HeldPacket> pieces, lb::Tick now);

  // A neighbour said where it is. `create`: also one that nobody has asked for. Returns whether
  // that was news, and not what it had said in the last second.
  bool learn(LinkNumber link, Address address, const lb::MacAddress& mac, bool create,
             lb::Tick now);

  // Retries and ages. To be called once a tick; looks at a sixteenth of the table each time.
  void tick(lb::Tick now);

  // Positions 0 to end() exclusive may be looked at with at().
  uint32_t end() const { return used_; }
  const Neighbour<F>& at(uint32_t position) const { return table_[position]; }

 private:
  // A handle: generation above, never 0, and index below. Index 0 is never given out.
  static constexpr uint32_t kIndexBits = 16;
  static constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
  static_assert(kCapacity <= 1u << kIndexBits);

  static uint64_t key(LinkNumber link, Address address);
  lb::NextHop handle(uint32_t index) const {
    return uint32_t{table_[index].generation} << kIndexBits | index;
  }
  // The state and the generation are written by these alone: `usable_by` follows from both.
  void set_state(uint32_t index, NeighbourState state) {
    table_[index].state = state;
    note_usable(index);
  }
  void begin_generation(uint32_t index) {
    uint16_t& generation = table_[index].generation;
    if (++generation == 0) generation = 1;
    note_usable(index);
  }
  void note_usable(uint32_t index) {
    Neighbour<F>& neighbour = table_[index];
    neighbour.usable_by = neighbour.usable() ? handle(index) : Neighbour<F>::kNobody;
  }
  void ask(lb::NextHop hop, lb::Tick now);
  uint32_t index_of(lb::NextHop hop) const { return hop & kIndexMask; }
  uint32_t find(LinkNumber link, Address address) const;  // 0: none
  uint32_t add(LinkNumber link, Address address, lb::Tick now);
  uint32_t evict(lb::Tick now);
  void forget(uint32_t index);
  void confirm(uint32_t index, const lb::MacAddress& mac, lb::Tick now);
  void look(uint32_t index, lb::Tick now);
  void try_again(uint32_t index, lb::Tick now);
  std::vector<HeldPacket> take_held(uint32_t index);
  void release_held(uint32_t index);

  NeighbourOwner<F>& owner_;
  std::vector<LinkHeader> links_;
  lb::Tick reachable_time_;
  std::vector<Neighbour<F>> table_;
  uint32_t used_ = 1;
  std::vector<uint32_t> free_;
  uint32_t hand_ = 1;  // where eviction looks next
  std::unordered_map<uint64_t, uint32_t> index_;
  struct Held {
    std::vector<HeldPacket> pieces;
    uint32_t packets = 0;
  };
  std::unordered_map<uint32_t, Held> held_;
  const size_t most_held_;
  size_t held_total_ = 0;  // pieces
};

}  // namespace dataplane
