// The director as a host and router on its wires: ARP, ping, the answers to what it cannot deliver,
// and plain forwarding of what is for others. None of this is on the path of a known connection.
#pragma once

#include <cassert>
#include <cstring>

#include "dataplane/answer.h"
#include "dataplane/means.h"
#include "dataplane/neighbours.h"
#include "dataplane/path_mtu.h"
#include "dataplane/snapshot.h"

namespace dataplane {

// Takes packets back onto the path, as if they had just been received.
class Reentry {
 public:
  virtual ~Reentry() = default;
  virtual void process_again(LinkNumber link, rte_mbuf* packet) = 0;
};

template <class F>
class Host;

template <>
class Host<lb::V4> final : private NeighbourOwner<lb::V4> {
 public:
  using Packet = dataplane::Packet<lb::V4>;
  using Snapshot = dataplane::Snapshot<lb::V4>;
  // ICMP errors and resets together: enough for traceroutes and refused clients, too little to be
  // worth reflecting. "Fragmentation needed" is not among them.
  static constexpr uint32_t kAnswersPerSecond = 1000;
  // Each becomes a line of log, and a hostile neighbour could cause any number.
  static constexpr uint32_t kEventsPerSecond = 10;

  Host(const Means& means, Reentry& reentry, const Snapshot& snapshot);

  // To be told of each new snapshot before the first burst with it. The one before may be gone.
  void adopt(const Snapshot& snapshot) {
    if (snapshot.routing_version != routing_version_) follow_routing(snapshot);
  }
  // To be called before each burst.
  void begin(const Snapshot& snapshot, lb::Tick now) {
    snapshot_ = &snapshot;
    now_ = now;
  }

  Neighbours<lb::V4>& neighbours() { return neighbours_; }
  const Neighbours<lb::V4>& neighbours() const { return neighbours_; }

  // Each of these decides a packet's fate.
  void handle_arp(LinkNumber link, rte_mbuf* packet);
  void handle_other(LinkNumber link, Packet& packet);            // neither TCP nor UDP
  void handle_unmatched(LinkNumber link, Packet& packet);        // of no service and no connection
  void handle_unrelated(LinkNumber link, const Packet& packet);  // an ICMP error of no connection
  // What `reason` says lbd has no use for: the kernel may have one.
  void handle_unparsed(LinkNumber link, rte_mbuf* packet, lb::DropReason reason);
  void route(LinkNumber link, Packet& packet);
  void refuse(LinkNumber link, const Packet& packet, lb::DropReason reason, IcmpError error);
  // As a closed port refuses it: a reset to TCP, "port unreachable" to UDP, and nothing at all to
  // what fails its checksum (RFC 9293 MUST-3, RFC 1122 section 4.1.3.4).
  void refuse_as_closed(LinkNumber link, const Packet& packet, lb::DropReason reason);
  // A fragment whose datagram has not become whole: told of the first one, by an end host alone
  // (RFC 1122 section 3.3.2).
  void give_up_fragment(LinkNumber link, rte_mbuf* fragment);
  void drop(const Packet& packet, lb::DropReason reason);
  void consume(const Packet& packet);  // its purpose is fulfilled
  // Keeps the packet until the next hop is known.
  void wait_for(lb::NextHop hop, LinkNumber link, const Packet& packet);

  // The next hop towards an address, remembered in `known` (0: not asked yet). nullptr: the packet
  // waits or is refused.
  Neighbour<lb::V4>* next_hop(lb::NextHop& known, lb::Ipv4Address destination, LinkNumber link,
                              const Packet& packet, IcmpError without_route) {
    if (Neighbour<lb::V4>* hop = known_next_hop(known)) [[likely]]
      return hop;
    return find_next_hop(known, destination, link, packet, without_route);
  }
  // One that is known and usable, or nullptr.
  Neighbour<lb::V4>* known_next_hop(lb::NextHop known) { return neighbours_.usable(known); }
  // Whether the handle has lost its neighbour: it was forgotten, or routes have changed.
  bool is_stale(lb::NextHop known) const { return neighbours_.get(known) == nullptr; }
  // Whether it has been asked for and has not yet answered.
  bool is_asked_for(lb::NextHop known) const {
    const Neighbour<lb::V4>* hop = neighbours_.get(known);
    return hop != nullptr && hop->state == NeighbourState::kIncomplete;
  }
  static void count_down_ttl(const Packet& packet) { count_down_ttl(view<Ipv4Header>(packet.ip)); }
  // Counts the TTL down, checks that the packet, which may grow by `overhead` on its way to a
  // tunnel's end, fits the way or may be fragmented, and records the hop where its options ask for
  // that. False: refused. Once only for a packet.
  bool may_leave(const Neighbour<lb::V4>& hop, LinkNumber link, Packet& packet) {
    return fits(hop, link, packet, hop.mtu, 0);
  }
  bool may_leave_in_tunnel(const Neighbour<lb::V4>& hop, LinkNumber link, Packet& packet,
                           uint16_t overhead, lb::Ipv4Address tunnel_end) {
    return fits(hop, link, packet, room_to(tunnel_end, hop.mtu), overhead);
  }
  // Puts the Ethernet header and sends, in fragments where it does not fit. Precondition:
  // may_leave.
  void send(Neighbour<lb::V4>& hop, const Packet& packet) {
    if (packet.mbuf == nullptr || packet.length > packet.room) [[unlikely]] {
      send_in_fragments(hop, packet);
      return;
    }
    Outbox::Run run(outbox_, hop.link);
    send_whole(hop, packet, run);
    run.put_down();
  }
  // The same of one in one buffer that needs no fragments.
  void send_whole(Neighbour<lb::V4>& hop, const Packet& packet, Outbox::Run& run) {
    if (hop.used != now_) hop.used = now_;
    std::memcpy(packet.ip - sizeof(EthernetHeader), &hop.header, sizeof(EthernetHeader));
    fit_frame(packet);
    run.send(hop.link, packet.mbuf);
  }

  bool owns(lb::Ipv4Address address) const { return snapshot_->own.contains(address); }
  // Whether nobody can have sent a packet from there: it is the director's own, or no host's.
  bool is_bad_source(lb::Ipv4Address address) const {
    return snapshot_->no_sources.contains(address) || !lb::may_be_host(address);
  }
  // Whether the kernel has an address, and the link leads to it.
  bool kernel_takes(LinkNumber link, lb::Ipv4Address address) const {
    return kernel_.leads_out(link) && snapshot_->kernels.contains(address);
  }
  // The same of what comes from `source`, by the link that leads there.
  bool kernel_takes_from(lb::Ipv4Address source, lb::Ipv4Address address) const;
  // Why a packet of no service and no connection ends here; nullopt: it is routed.
  std::optional<lb::DropReason> why_unmatched(const Packet& packet) const;
  // What is known of the next hop towards an address, `known` being what next_hop has remembered.
  // One that nobody has asked for is kFree. nullopt: there is no route.
  std::optional<Neighbour<lb::V4>> look_at_next_hop(lb::NextHop known,
                                                    lb::Ipv4Address destination) const;
  // The largest packet that routers are known to let through to a tunnel's end.
  uint16_t room_to(lb::Ipv4Address tunnel_end, uint16_t link_mtu) {
    return path_mtus_.limit(tunnel_end, link_mtu, now_);
  }
  // What a router said about the way to a tunnel's end, over a link that takes `link_mtu`; 0 where
  // it did not say how much fits (routers before RFC 1191). Returns what is believed from now on.
  uint16_t learn_path_mtu(lb::Ipv4Address tunnel_end, uint16_t mtu, uint16_t link_mtu);
  // An ICMP error to the source of `about`, wherever it is.
  void send_error(const Packet& about, lb::Ipv4Address source, IcmpError error);
  // A reset to the sender of `about`, as a closed port would send.
  void send_reset(LinkNumber link, const Packet& about);
  // An IP packet that the director has made, to wherever it is for.
  void send_own(lb::Ipv4Address destination, std::span<const uint8_t> ip_packet);
  void report_exhausted(LinkNumber link, lb::Ipv4Address address) {
    report({Event::Kind::kPortsExhausted, link, address});
  }

  // What another worker has learnt.
  void hear(const Notice& notice);
  // Gratuitous ARP (RFC 5227 section 3) for those that belong on a link of `most` own addresses,
  // from the one with this number on. Returns the number of the one to go on with, 0 after the
  // last.
  uint32_t announce(LinkNumber link, uint32_t from, uint32_t most);
  // The same for one address, if it is still an own one, on the links that it belongs on.
  void announce_address(lb::Ipv4Address address);
  // Asks for some of the VIPs that are another director's, as an address probe (RFC 5227).
  void ask_elsewhere();
  void tick();

 private:
  lb::Ipv4Address source_towards(LinkNumber link, lb::Ipv4Address address) const override {
    return source_on(link, address);
  }
  void solicit(LinkNumber link, lb::Ipv4Address address, const lb::MacAddress* known) override;
  void resolved(const Neighbour<lb::V4>& hop, std::span<const HeldPacket> packets) override;
  void unreachable(std::span<const HeldPacket> packets) override;
  void silent(LinkNumber link, lb::Ipv4Address address) override;
  void moved(LinkNumber link, lb::Ipv4Address address, const lb::MacAddress& from,
             const lb::MacAddress& to) override;

  // Precondition: hops to go. RFC 1141: the TTL is the high byte of its word, so in memory order
  // the checksum grows by 1, with an end-around carry also where it would come out as 0xffff. Both
  // are in one number, the TTL in its lowest byte and the checksum in its upper half.
  static void count_down_ttl(Ipv4Header& ip) {
    uint32_t number;
    std::memcpy(&number, &ip.ttl, sizeof number);
    constexpr uint32_t kChecksumByOne = 1u << 16;
    if (number >= 0xfffeu << 16) number += kChecksumByOne;
    number += kChecksumByOne - 1;
    std::memcpy(&ip.ttl, &number, sizeof number);
  }
  // The frame ends with the packet: whatever a short one was padded with stays here.
  static void fit_frame(const Packet& packet) {
    assert(rte_pktmbuf_mtod(packet.mbuf, uint8_t*) == packet.ip - sizeof(EthernetHeader));
    const uint32_t length = uint32_t{sizeof(EthernetHeader)} + packet.length;
    packet.mbuf->data_len = static_cast<uint16_t>(length);
    packet.mbuf->pkt_len = length;
  }
  bool fits(const Neighbour<lb::V4>& hop, LinkNumber link, Packet& packet, uint16_t room,
            uint16_t overhead) {
    packet.room = room;
    const bool plain = packet.mbuf != nullptr && packet.ip_header_length == sizeof(Ipv4Header);
    if (!plain || view<Ipv4Header>(packet.ip).ttl <= 1 || packet.length + overhead > room)
        [[unlikely]] {
      return fits_unless_refused(hop, link, packet, overhead);
    }
    count_down_ttl(packet);
    return true;
  }
  bool fits_unless_refused(const Neighbour<lb::V4>& hop, LinkNumber link, Packet& packet,
                           uint16_t overhead);
  // Where packets to an address go; nullopt: there is no route.
  struct Way {
    LinkNumber link;
    lb::Ipv4Address next;
  };
  std::optional<Way> way_to(lb::Ipv4Address destination) const {
    const lb::Route<lb::V4>* route = snapshot_->routes.find(destination);
    if (route == nullptr) return std::nullopt;
    return Way{static_cast<LinkNumber>(route->interface), lb::next_hop(*route, destination)};
  }
  std::optional<lb::DropReason> why_not_routed(const Packet& packet) const;
  Packet as_it_came(LinkNumber link, rte_mbuf* mbuf) const;
  void send_on(LinkNumber link, Packet& packet);
  void give_to_kernel(LinkNumber link, const Packet& packet);
  void give_to_kernel(LinkNumber link, std::span<rte_mbuf* const> frames, KernelShare share);
  Neighbour<lb::V4>* find_next_hop(lb::NextHop& known, lb::Ipv4Address destination, LinkNumber link,
                                   const Packet& packet, IcmpError without_route);
  lb::Ipv4Address recorded_hop(const Neighbour<lb::V4>& hop, const Packet& packet) const;
  void send_in_fragments(Neighbour<lb::V4>& hop, const Packet& packet);
  // Whether it is no host's as a destination.
  bool is_broadcast(lb::Ipv4Address address) const {
    return snapshot_->broadcasts.contains(address) || !lb::may_be_host(address);
  }
  bool is_on_link(LinkNumber link, lb::Ipv4Address address) const;
  lb::Ipv4Address source_on(LinkNumber link, lb::Ipv4Address towards) const;
  std::optional<lb::Ipv4Address> answering_address(LinkNumber link, const Packet& packet) const;
  // Whether the director may answer once more: see kAnswersPerSecond. False: counted.
  bool may_answer();
  bool may_send(const IcmpError& error);
  void answer(LinkNumber link, const Packet& about, std::span<const uint8_t> ip_packet);
  rte_mbuf* make_frame(const EthernetHeader& header, std::span<const uint8_t> payload);
  void send_frame(LinkNumber link, const lb::MacAddress& to, uint16_t type,
                  std::span<const uint8_t> payload);
  void send_arp(LinkNumber link, const lb::MacAddress& to, const ArpPacket& arp);
  void claim(LinkNumber link, lb::Ipv4Address address);
  bool belongs_on(LinkNumber link, lb::Ipv4Address address) const;
  void follow_routing(const Snapshot& snapshot);
  void report(const Event& event) {
    TokenBucket& limit = event_limits_[static_cast<size_t>(event.kind)];
    if (!limit.take(now_) || !events_.push(event)) counters_.events_unreported.add(1);
  }

  Io& io_;
  Outbox& outbox_;
  Peers& peers_;
  WorkerCounters& counters_;
  EventQueue& events_;
  TokenBucket& answer_limit_;
  KernelDoor& kernel_;
  Reentry& reentry_;
  const Snapshot* snapshot_;
  uint32_t routing_version_ = snapshot_->routing_version;
  lb::Tick now_ = 0;
  Neighbours<lb::V4> neighbours_;
  PathMtus<lb::V4> path_mtus_;
  // By kind: what a host on the wire can cause at will hides no other.
  static constexpr uint32_t kEventBurst = 10 * kEventsPerSecond;
  std::array<TokenBucket, kEventKinds> event_limits_{{{kEventsPerSecond, kEventBurst},
                                                      {kEventsPerSecond, kEventBurst},
                                                      {kEventsPerSecond, kEventBurst},
                                                      {kEventsPerSecond, kEventBurst},
                                                      {kEventsPerSecond, kEventBurst}}};
  uint16_t next_id_ = 1;
};

}  // namespace dataplane
