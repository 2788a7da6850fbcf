// The part of the host that leaves packets to the kernel, where a link has a twin in it: what is
// for the director's own addresses and nobody here has a use for, and what neighbours tell all
// hosts.
#include <algorithm>
#include <array>

#include "dataplane/host.h"
#include "dataplane/reassembly.h"

namespace dataplane {
namespace {

// What nobody from beyond the link can send to a group: VRRP, OSPF, IGMP and their like.
bool is_between_neighbours(const rte_mbuf* packet) {
  const auto* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
  if (view<EthernetHeader>(frame).type.value() != ethertype::kIpv4) return true;
  if (packet->data_len < sizeof(EthernetHeader) + sizeof(Ipv4Header)) return false;
  const uint8_t protocol = view<Ipv4Header>(frame + sizeof(EthernetHeader)).protocol;
  return protocol != kProtocolTcp && protocol != kProtocolUdp && protocol != kProtocolIcmp;
}

}  // namespace

void Host<lb::V4>::give_to_kernel(LinkNumber link, std::span<rte_mbuf* const> frames,
                                  KernelShare share) {
  uint16_t longest = 0;
  for (const rte_mbuf* frame : frames) longest = std::max(longest, frame->data_len);
  const auto count = static_cast<uint32_t>(frames.size());
  const auto reason = kernel_.admit(link, count, longest, share, now_);
  for (rte_mbuf* frame : frames) {
    if (reason) {
      outbox_.drop(frame, *reason);
    } else {
      kernel_.give(link, frame_of(*frame));
      outbox_.discard(frame);
    }
  }
}

// Fragments as they came: the kernel puts them together itself.
void Host<lb::V4>::give_to_kernel(LinkNumber link, const Packet& packet) {
  const KernelShare share =
      is_on_link(link, packet.source.address) ? KernelShare::kNeighbours : KernelShare::kOthers;
  if (packet.mbuf != nullptr) {
    give_to_kernel(link, {&packet.mbuf, 1}, share);
    return;
  }
  std::array<rte_mbuf*, Reassembly::kFragmentsOfOne> frames;
  uint32_t count = 0;
  for (const Fragment& fragment : packet.pieces()) frames[count++] = fragment.mbuf;
  give_to_kernel(link, std::span(frames).first(count), share);
}

void Host<lb::V4>::handle_unparsed(LinkNumber link, rte_mbuf* packet, lb::DropReason reason) {
  const bool is_group = reason == lb::DropReason::kNotForUs;
  const bool is_other = reason == lb::DropReason::kUnknownEthertype;
  if (!kernel_.leads_out(link) || !(is_group || is_other)) {
    outbox_.drop(packet, reason);
    return;
  }
  const auto* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
  // No twin has an address of it.
  if (view<EthernetHeader>(frame).type.value() == ethertype::kIpv6) {
    outbox_.drop(packet, reason);
    return;
  }
  give_to_kernel(link, {&packet, 1},
                 is_between_neighbours(packet) ? KernelShare::kNeighbours : KernelShare::kOthers);
}

void Host<lb::V4>::handle_unrelated(LinkNumber link, const Packet& packet) {
  if (kernel_takes(link, packet.destination.address)) {
    give_to_kernel(link, packet);
  } else {
    drop(packet, lb::DropReason::kIcmpUnrelated);
  }
}

}  // namespace dataplane
