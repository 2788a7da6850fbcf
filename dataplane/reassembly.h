// Datagrams in fragments, put together so that they can be balanced like their flow (RFC 791
// section 3.2, RFC 1858). As in Linux, what has all come before is left out, and a fragment that
// overlaps others otherwise kills its datagram: it can only be an error or an attack. Bounded in
// datagrams, fragments and time; where there is no room, the datagram that has waited longest makes
// some: to keep whole ones from being put together, a flood of others must fill all the room within
// the moment that they take. One thread.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataplane/io.h"
#include "dataplane/outbox.h"
#include "dataplane/packet.h"
#include "lb/tick.h"

namespace dataplane {

class Reassembly {
 public:
  static constexpr size_t kDatagrams = 1024;
  static constexpr size_t kFragmentsOfOne = 256;  // 64 kB in pieces of the smallest MTU of any use
  static constexpr uint32_t kFragmentsOfAll = 4096;
  static constexpr lb::Tick kLifetime = 30 * lb::kTicksPerSecond;  // Linux: ipfrag_time

  // `most_fragments`: that wait at a time, each in a buffer of its own; not 0.
  explicit Reassembly(Outbox& outbox, uint32_t most_fragments = kFragmentsOfAll);

  // Takes the fragment; `ip` is its IP header, which has been checked. Returns the datagram when
  // this completes it: valid until the next call, the fragments' buffers being the caller's again.
  std::optional<Datagram> add(LinkNumber link, rte_mbuf* mbuf, const uint8_t* ip, lb::Tick now);

  // Gives up what has waited too long: the caller is to drop the first fragment of each datagram,
  // if that has come. To be called once a tick.
  template <class Drop>
  void tick(lb::Tick now, Drop drop_first) {
    while (const auto late = take_late(now)) {
      for (const Fragment& fragment : *late) {
        if (fragment.offset == 0) {
          drop_first(fragment);
        } else {
          outbox_.drop(fragment.mbuf, lb::DropReason::kFragmentTimeout);
        }
      }
    }
  }

  size_t waiting() const { return datagrams_.size(); }

 private:
  struct Key {
    lb::Ipv4Address source;
    lb::Ipv4Address destination;
    uint16_t id;
    uint8_t protocol;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Waiting {
    lb::Tick started;
    std::list<Key>::iterator place;   // in `order_`
    std::vector<Fragment> fragments;  // by offset
  };
  using Map = std::unordered_map<Key, Waiting, KeyHash>;

  std::optional<lb::DropReason> insert(Waiting& waiting, const Fragment& fragment);
  static bool is_complete(const Waiting& waiting);
  static size_t size_of(const Waiting& complete);
  Datagram assemble(std::vector<Fragment> fragments, uint8_t tos);
  std::vector<Fragment> take(Map::iterator datagram);
  std::optional<std::vector<Fragment>> take_late(lb::Tick now);
  void drop(Map::iterator datagram, lb::DropReason reason);
  bool make_room(const Key& key);

  Outbox& outbox_;
  uint32_t most_fragments_;
  Map datagrams_;
  std::list<Key> order_;  // the oldest first
  size_t fragments_ = 0;
  std::vector<uint8_t> buffer_;
  std::vector<Fragment> assembled_;
};

}  // namespace dataplane
