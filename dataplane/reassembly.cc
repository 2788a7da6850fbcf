#include "dataplane/reassembly.h"

#include <algorithm>
#include <cstring>

#include "dataplane/checksum.h"

namespace dataplane {
namespace {

using lb::DropReason;

// Room before the frame for an encapsulation.
constexpr size_t kHeadroom = 64;
constexpr size_t kLargestPacket = 65535;

const uint8_t* ip_of(const Fragment& fragment) {
  return rte_pktmbuf_mtod(fragment.mbuf, const uint8_t*) + sizeof(EthernetHeader);
}

// Whether every byte of a fragment is in those that have come, of which the first begins at or
// before it, and whether they agree where the datagram ends.
bool has_come(std::span<const Fragment> come, const Fragment& fragment) {
  const int end = fragment.offset + fragment.length;
  int covered = come.front().offset;
  for (const Fragment& other : come) {
    if (other.offset != covered) return false;
    covered += other.length;
    if (covered >= end) return !fragment.last || (other.last && covered == end);
  }
  return false;
}

// A datagram's TOS: the first fragment's, with the mark of congestion if any has it. nullopt: only
// some come from a sender that knows such marks, which no sender does (RFC 3168 section 5.3; Linux
// drops the same, ip_frag_ecn_table).
std::optional<uint8_t> tos_of(std::span<const Fragment> fragments) {
  constexpr uint8_t kCongested = 3;
  bool capable = false;
  bool incapable = false;
  bool congested = false;
  for (const Fragment& fragment : fragments) {
    const uint8_t ecn = view<Ipv4Header>(ip_of(fragment)).tos & 3;
    (ecn == 0 ? incapable : capable) = true;
    congested = congested || ecn == kCongested;
  }
  if (capable && incapable) return std::nullopt;
  const uint8_t first = view<Ipv4Header>(ip_of(fragments.front())).tos;
  return congested ? first | kCongested : first;
}

}  // namespace

size_t Reassembly::KeyHash::operator()(const Key& key) const {
  // Bounded by kDatagrams, so that chosen collisions cost little.
  const uint64_t ends = uint64_t{key.source.bits.raw()} << 32 | key.destination.bits.raw();
  return lb::mix({0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f},
                 ends ^ (uint64_t{key.id} << 8 | key.protocol) * 0x9e3779b97f4a7c15);
}

Reassembly::Reassembly(Outbox& outbox, uint32_t most_fragments)
    : outbox_(outbox),
      most_fragments_(most_fragments),
      buffer_(kHeadroom + sizeof(EthernetHeader) + kLargestPacket) {}

std::optional<Datagram> Reassembly::add(LinkNumber link, rte_mbuf* mbuf, const uint8_t* ip,
                                        lb::Tick now) {
  const auto& header = view<Ipv4Header>(ip);
  const uint16_t bits = header.fragment.value();
  const auto length = static_cast<uint16_t>(header.total_length.value() - header.header_length());
  const Fragment fragment{mbuf, link, static_cast<uint16_t>((bits & Ipv4Header::kOffset) * 8),
                          length, (bits & Ipv4Header::kMoreFragments) == 0};
  const bool impossible = length == 0 || (!fragment.last && length % 8 != 0) ||
                          fragment.offset + length > kLargestPacket - header.header_length();
  if (impossible) {
    outbox_.drop(mbuf, DropReason::kBadFragment);
    return std::nullopt;
  }
  const Key key{header.source, header.destination, header.id.value(), header.protocol};
  if (!make_room(key)) {
    outbox_.drop(mbuf, DropReason::kFragmentsFull);
    return std::nullopt;
  }
  auto found = datagrams_.find(key);
  if (found == datagrams_.end()) {
    const auto place = order_.insert(order_.end(), key);
    found = datagrams_.emplace(key, Waiting{now, place, {}}).first;
  }
  if (const auto reason = insert(found->second, fragment)) {
    outbox_.drop(mbuf, *reason);
    if (*reason == DropReason::kFragmentOverlap) drop(found, *reason);
    return std::nullopt;
  }
  ++fragments_;
  if (!is_complete(found->second)) return std::nullopt;
  const std::optional<uint8_t> tos = tos_of(found->second.fragments);
  if (!tos || size_of(found->second) > kLargestPacket) {
    drop(found, DropReason::kBadFragment);
    return std::nullopt;
  }
  return assemble(take(found), *tos);
}

// For one more fragment of this datagram, at the cost of older ones. False: it has all the room
// there is itself.
bool Reassembly::make_room(const Key& key) {
  const auto is_full = [&] {
    return fragments_ >= most_fragments_ ||
           (datagrams_.size() >= kDatagrams && !datagrams_.contains(key));
  };
  while (is_full()) {
    auto victim = order_.begin();
    if (victim != order_.end() && *victim == key) ++victim;
    if (victim == order_.end()) return false;
    drop(datagrams_.find(*victim), DropReason::kFragmentsFull);
  }
  return true;
}

// nullopt: taken.
std::optional<DropReason> Reassembly::insert(Waiting& waiting, const Fragment& fragment) {
  std::vector<Fragment>& all = waiting.fragments;
  if (all.size() >= kFragmentsOfOne) return DropReason::kFragmentsFull;
  const auto after =
      std::upper_bound(all.begin(), all.end(), fragment,
                       [](const Fragment& a, const Fragment& b) { return a.offset < b.offset; });
  const int end = fragment.offset + fragment.length;
  if (after != all.begin()) {
    const auto before = after - 1;
    if (has_come(std::span(before, all.end()), fragment)) return DropReason::kFragmentRepeated;
    if (before->last || before->offset + before->length > fragment.offset) {
      return DropReason::kFragmentOverlap;
    }
  }
  if (after != all.end() && (fragment.last || end > after->offset)) {
    return DropReason::kFragmentOverlap;
  }
  all.insert(after, fragment);
  return std::nullopt;
}

// With the first fragment's header, whose options the others may lack.
size_t Reassembly::size_of(const Waiting& complete) {
  const Fragment& last = complete.fragments.back();
  return size_t{view<Ipv4Header>(ip_of(complete.fragments.front())).header_length()} + last.offset +
         last.length;
}

bool Reassembly::is_complete(const Waiting& waiting) {
  if (!waiting.fragments.back().last) return false;
  int next = 0;
  for (const Fragment& fragment : waiting.fragments) {
    if (fragment.offset != next) return false;
    next += fragment.length;
  }
  return true;
}

Datagram Reassembly::assemble(std::vector<Fragment> fragments, uint8_t tos) {
  assembled_ = std::move(fragments);
  uint8_t* const frame = buffer_.data() + kHeadroom;
  uint8_t* const ip = frame + sizeof(EthernetHeader);
  const size_t header_length = view<Ipv4Header>(ip_of(assembled_.front())).header_length();
  std::memcpy(frame, ip_of(assembled_.front()) - sizeof(EthernetHeader),
              sizeof(EthernetHeader) + header_length);
  size_t length = header_length;
  uint16_t largest = 0;
  for (const Fragment& fragment : assembled_) {
    const auto& header = view<Ipv4Header>(ip_of(fragment));
    std::memcpy(ip + length, ip_of(fragment) + header.header_length(), fragment.length);
    length += fragment.length;
    largest = std::max(largest, header.total_length.value());
  }
  auto& header = view<Ipv4Header>(ip);
  header.tos = tos;
  header.total_length = Be16(static_cast<uint16_t>(length));
  header.fragment = Be16(header.fragment.value() & Ipv4Header::kDontFragment);
  header.checksum = Be16(0);
  header.checksum = checksum_of({ip, header_length});
  return {{frame, sizeof(EthernetHeader) + length}, largest, assembled_};
}

std::vector<Fragment> Reassembly::take(Map::iterator datagram) {
  std::vector<Fragment> fragments = std::move(datagram->second.fragments);
  fragments_ -= fragments.size();
  order_.erase(datagram->second.place);
  datagrams_.erase(datagram);
  return fragments;
}

void Reassembly::drop(Map::iterator datagram, DropReason reason) {
  for (const Fragment& fragment : take(datagram)) outbox_.drop(fragment.mbuf, reason);
}

std::optional<std::vector<Fragment>> Reassembly::take_late(lb::Tick now) {
  if (order_.empty()) return std::nullopt;
  const auto oldest = datagrams_.find(order_.front());
  if (now - oldest->second.started < kLifetime) return std::nullopt;
  return take(oldest);
}

}  // namespace dataplane
