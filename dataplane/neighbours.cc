#include "dataplane/neighbours.h"

namespace dataplane {

template <class F>
Neighbours<F>::Neighbours(NeighbourOwner<F>& owner, std::vector<LinkHeader> links, uint16_t worker,
                          uint32_t most_held)
    : owner_(owner),
      links_(std::move(links)),
      reachable_time_(kReachableTime + worker * kRetry),
      table_(kCapacity),
      most_held_(most_held) {
  index_.reserve(kCapacity);
}

template <>
uint64_t Neighbours<lb::V4>::key(LinkNumber link, lb::Ipv4Address address) {
  return uint64_t{link} << 32 | address.bits.raw();
}

template <class F>
uint32_t Neighbours<F>::find(LinkNumber link, Address address) const {
  const auto found = index_.find(key(link, address));
  return found == index_.end() ? 0 : found->second;
}

template <class F>
lb::NextHop Neighbours<F>::find_or_add(LinkNumber link, Address address, lb::Tick now) {
  uint32_t index = find(link, address);
  if (index == 0) index = add(link, address, now);
  return index == 0 ? 0 : handle(index);
}

template <class F>
uint32_t Neighbours<F>::add(LinkNumber link, Address address, lb::Tick now) {
  uint32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else if (used_ < kCapacity) {
    index = used_++;
  } else {
    index = evict(now);
    if (index == 0) return 0;
  }
  Neighbour<F>& neighbour = table_[index];
  const uint16_t generation = neighbour.generation;
  neighbour = Neighbour<F>{};
  neighbour.generation = generation;
  begin_generation(index);
  neighbour.link = link;
  neighbour.address = address;
  neighbour.used = now;
  neighbour.next_look = now + kForgetTime;
  set_state(index, NeighbourState::kFailed);  // until somebody asks, see hold
  neighbour.header.source = links_[link].mac;
  neighbour.header.type = Be16(ethertype::kIpv4);
  neighbour.mtu = links_[link].mtu;
  neighbour.source = owner_.source_towards(link, address);
  index_.emplace(key(link, address), index);
  return index;
}

// The next, round the table, that is not static, not being resolved and not in use. One that has
// answered is spared for longer, so that a scan of addresses where nobody is does not drive it out.
template <class F>
uint32_t Neighbours<F>::evict(lb::Tick now) {
  for (uint32_t step = 0; step < 256; ++step) {
    hand_ = hand_ + 1 < kCapacity ? hand_ + 1 : 1;
    const Neighbour<F>& neighbour = table_[hand_];
    const lb::Tick spared = neighbour.usable() ? kReachableTime : lb::kTicksPerSecond;
    if (neighbour.state == NeighbourState::kStatic ||
        neighbour.state == NeighbourState::kIncomplete || now - neighbour.used < spared) {
      continue;
    }
    index_.erase(key(neighbour.link, neighbour.address));
    return hand_;
  }
  return 0;
}

template <class F>
void Neighbours<F>::forget(uint32_t index) {
  index_.erase(key(table_[index].link, table_[index].address));
  set_state(index, NeighbourState::kFree);
  begin_generation(index);  // handles out there find nothing any more
  free_.push_back(index);
}

template <class F>
void Neighbours<F>::add_static(LinkNumber link, Address address, const lb::MacAddress& mac,
                               lb::Tick now) {
  const uint32_t index = index_of(find_or_add(link, address, now));
  if (index == 0) return;
  table_[index].header.destination = mac;
  set_state(index, NeighbourState::kStatic);
  release_held(index);
}

template <class F>
void Neighbours<F>::forget_static(LinkNumber link, Address address) {
  const uint32_t index = find(link, address);
  if (index != 0 && table_[index].state == NeighbourState::kStatic) forget(index);
}

template <class F>
void Neighbours<F>::invalidate() {
  for (uint32_t index = 1; index < used_; ++index) {
    Neighbour<F>& neighbour = table_[index];
    if (neighbour.state == NeighbourState::kFree) continue;
    begin_generation(index);
    neighbour.source = owner_.source_towards(neighbour.link, neighbour.address);
  }
}

template <class F>
bool Neighbours<F>::hold(lb::NextHop hop, std::span<const HeldPacket> pieces, lb::Tick now) {
  ask(hop, now);
  if (held_total_ + pieces.size() > most_held_) return false;
  Held& held = held_[index_of(hop)];
  if (held.packets >= kHeldPerHop) return false;
  held.pieces.insert(held.pieces.end(), pieces.begin(), pieces.end());
  ++held.packets;
  held_total_ += pieces.size();
  return true;
}

template <class F>
void Neighbours<F>::ask(lb::NextHop hop, lb::Tick now) {
  Neighbour<F>& neighbour = table_[index_of(hop)];
  neighbour.used = now;
  if (neighbour.state == NeighbourState::kIncomplete) return;
  set_state(index_of(hop), NeighbourState::kIncomplete);
  neighbour.tries = 1;
  neighbour.next_look = now + kRetry;
  owner_.solicit(neighbour.link, neighbour.address, nullptr);
}

template <class F>
std::vector<HeldPacket> Neighbours<F>::take_held(uint32_t index) {
  const auto found = held_.find(index);
  if (found == held_.end()) return {};
  std::vector<HeldPacket> packets = std::move(found->second.pieces);
  held_.erase(found);
  held_total_ -= packets.size();
  return packets;
}

template <class F>
bool Neighbours<F>::learn(LinkNumber link, Address address, const lb::MacAddress& mac, bool create,
                          lb::Tick now) {
  uint32_t index = find(link, address);
  if (index == 0) {
    // Another worker may have asked for it.
    if (!create) return true;
    index = add(link, address, now);
    if (index == 0) return false;
  }
  const Neighbour<F>& neighbour = table_[index];
  if (neighbour.state == NeighbourState::kStatic) return false;
  const bool known = neighbour.state == NeighbourState::kReachable &&
                     neighbour.header.destination == mac && now - neighbour.confirmed < kRetry;
  confirm(index, mac, now);
  return !known;
}

template <class F>
void Neighbours<F>::confirm(uint32_t index, const lb::MacAddress& mac, lb::Tick now) {
  Neighbour<F>& neighbour = table_[index];
  if (neighbour.usable() && neighbour.header.destination != mac) {
    owner_.moved(neighbour.link, neighbour.address, neighbour.header.destination, mac);
  }
  neighbour.header.destination = mac;
  set_state(index, NeighbourState::kReachable);
  neighbour.confirmed = now;
  neighbour.tries = 0;
  neighbour.silence_told = false;
  neighbour.next_look = now + reachable_time_;
  release_held(index);
}

template <class F>
void Neighbours<F>::release_held(uint32_t index) {
  const std::vector<HeldPacket> packets = take_held(index);
  if (!packets.empty()) owner_.resolved(table_[index], packets);
}

template <class F>
void Neighbours<F>::tick(lb::Tick now) {
  for (uint32_t index = 1 + now % lb::kTicksPerSecond; index < used_;
       index += lb::kTicksPerSecond) {
    const NeighbourState state = table_[index].state;
    if (state == NeighbourState::kFree || state == NeighbourState::kStatic) continue;
    if (!lb::before(now, table_[index].next_look)) look(index, now);
  }
}

template <class F>
void Neighbours<F>::look(uint32_t index, lb::Tick now) {
  Neighbour<F>& neighbour = table_[index];
  switch (neighbour.state) {
    case NeighbourState::kIncomplete:
    case NeighbourState::kProbing:
      try_again(index, now);
      break;
    case NeighbourState::kReachable:
      if (now - neighbour.used <= kReachableTime) {
        set_state(index, NeighbourState::kProbing);
        neighbour.tries = 0;
        try_again(index, now);
      } else if (now - neighbour.used >= kForgetTime) {
        forget(index);
      } else {
        neighbour.next_look = now + kRetry;
      }
      break;
    default:
      if (now - neighbour.used >= kForgetTime) forget(index);
      break;
  }
}

// A probed neighbour is asked by unicast first and by broadcast in the end: its MAC may have moved.
template <class F>
void Neighbours<F>::try_again(uint32_t index, lb::Tick now) {
  Neighbour<F>& neighbour = table_[index];
  const bool probing = neighbour.state == NeighbourState::kProbing;
  const uint8_t tries = probing ? 2 * kTries : kTries;
  if (neighbour.tries < tries) {
    const bool unicast = probing && neighbour.tries < kTries;
    ++neighbour.tries;
    neighbour.next_look = now + kRetry;
    owner_.solicit(neighbour.link, neighbour.address,
                   unicast ? &neighbour.header.destination : nullptr);
    return;
  }
  set_state(index, NeighbourState::kFailed);
  neighbour.next_look = now + kForgetTime;
  if (!neighbour.silence_told) owner_.silent(neighbour.link, neighbour.address);
  neighbour.silence_told = true;
  const std::vector<HeldPacket> packets = take_held(index);
  if (!packets.empty()) owner_.unreachable(packets);
}

template class Neighbours<lb::V4>;

}  // namespace dataplane
