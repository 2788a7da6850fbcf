// The part of the path that ends connections by order of the operator.
#include "dataplane/path.h"

namespace dataplane {

// An end believes a reset only if it names the very next byte (RFC 5961 section 3.2), which a
// director that keeps no sequence numbers does not know. A probe makes each end tell.
template <class F>
void Path<F>::cut(lb::EntryIndex index) {
  Entry& entry = connections_.entry(index);
  // Its ends go on by the other director, where the VIP is that one's now.
  if (entry.protocol != lb::Protocol::kTcp ||
      snapshot_->elsewhere.contains(entry.virtual_end.address)) {
    connections_.close(index);
    return;
  }
  entry.flags |= Entry::kCut;
  connections_.touch(entry, lb::State::kClose, now_);
  std::array<uint8_t, kLargestAnswer> probe;
  const size_t to_client = write_probe(probe, entry.virtual_end, entry.outside);
  host_.send_own(entry.outside.address, {probe.data(), to_client});
  if (!entry.replies_seen) return;
  const size_t to_server = write_probe(probe, entry.outside, entry.inside);
  host_.send_own(entry.inside.address, {probe.data(), to_server});
}

// Tells the sender, and makes of the packet what tells the other end. False: the packet's fate is
// decided.
template <class F>
bool Path<F>::reset_both(LinkNumber link, Packet& packet) {
  if (packet.mbuf == nullptr) {
    host_.drop(packet, lb::DropReason::kCut);
    return false;
  }
  if (packet.protocol() != lb::Protocol::kTcp || (packet.tcp_flags & lb::tcp::kRst) != 0)
    return true;
  host_.send_reset(link, packet);
  turn_into_reset(packet);
  return true;
}

template void Path<lb::V4>::cut(lb::EntryIndex);
template bool Path<lb::V4>::reset_both(LinkNumber, Packet&);

}  // namespace dataplane
