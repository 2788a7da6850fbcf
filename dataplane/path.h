// The way of a packet through the director, in passes over a burst: parse, classify, locate,
// forward. A template over the address family, of which there is IPv4 today; what names V4 or an
// IPv4 header within (Host, Peers, Reassembly, fragments) another family would have to join.
#pragma once

#include <atomic>
#include <optional>

#include "dataplane/figures.h"
#include "dataplane/holds.h"
#include "dataplane/host.h"
#include "dataplane/icmp_relay.h"
#include "dataplane/methods.h"
#include "dataplane/path_inspection.h"
#include "dataplane/reassembly.h"
#include "dataplane/reservations.h"
#include "dataplane/turns.h"
#include "lb/connections.h"

namespace dataplane {

template <class F>
class Path final : private Reentry {
 public:
  static constexpr uint16_t kBurst = 64;

  Path(const Means& means, lb::Connections<F>& connections, LiveFigures live,
       lb::Persistence& persistence, lb::Limits& limits, const Snapshot<F>& snapshot);

  Host<F>& host() { return host_; }
  const Host<F>& host() const { return host_; }

  // To be called before each burst; the snapshot must stay until the next call.
  void begin(const Snapshot<F>& snapshot, lb::Tick now);

  // Retries, ages and gives up what waits. To be called once a tick.
  void tick() {
    host_.tick();
    reassembly_.tick(
        now_, [this](const Fragment& first) { host_.give_up_fragment(first.link, first.mbuf); });
  }

  // Decides the fate of up to kBurst packets that came by a link, or hands them to their owners.
  void process(LinkNumber link, rte_mbuf** packets, uint16_t count);
  // The same of a fragment whose datagram's other fragments come here too.
  void process_piece(LinkNumber link, rte_mbuf* fragment);
  // Ends a connection against its ends' will: TCP's are asked where they are, and whatever comes of
  // them from now on earns both a reset.
  void cut(lb::EntryIndex index);
  // Answers what would become of a packet. To be called between bursts. Cost: a choice of a server,
  // and what an opening looks up besides.
  void inspect(PathInspection& question);

 private:
  using Packet = dataplane::Packet<F>;
  using Entry = lb::Connection<F>;
  // What is no flow waits until the flows of the burst have gone.
  struct Burst {
    uint16_t flows = 0;
    uint16_t others = 0;
    uint16_t arps = 0;
    uint16_t fragments = 0;
    Packet flow[kBurst];
    Packet other[kBurst];
    rte_mbuf* arp[kBurst];
    Packet fragment[kBurst];
  };

  void process_again(LinkNumber link, rte_mbuf* packet) override;

  // The stages, in order.
  void read_all(LinkNumber link, rte_mbuf** packets, uint16_t count, Burst& burst);
  bool parse_unusual(LinkNumber link, Packet& packet, Burst& burst);
  void fetch_endpoints(const Burst& burst) const;
  template <bool alone>
  void classify_all(LinkNumber link, Burst& burst);
  void locate_all(Burst& burst);
  void fetch_all(const Burst& burst) const;
  void settle() {
    turns_.settle();
    reservations_.settle();
  }
  void forward_all(LinkNumber link, Burst& burst);
  void handle_exceptions(LinkNumber link, Burst& burst);

  // One probe tells whether a packet goes to a service; from that follow its direction and outside
  // end.
  void classify(Packet& packet) const {
    classify(packet, snapshot_->endpoints.reader(), connections_.table().key());
  }
  void classify(Packet& packet, const typename lb::EndpointTable<F>::Reader& endpoints,
                const lb::HashKey& key) const {
    packet.service = endpoints.find_or(Packet::kNoService, packet.destination);
    if (packet.service == Packet::kNoService && snapshot_->masquerade.covers(packet.destination))
        [[unlikely]] {
      packet.service = Packet::kMasqueraded;
    }
    const bool inbound = packet.service != Packet::kNoService;
    packet.hash = F::hash(key, inbound ? packet.source.key() : packet.destination.key());
  }
  bool pass_on(LinkNumber link, const Packet& packet, HandoverReason reason);
  void expect(const Packet& packet);
  // Whether a packet may be the first of a service's connection. LVS looks at SYN alone, so a
  // SYN+ACK is scheduled too (recorded vectors nat-first-*).
  static bool may_open(const VirtualService<F>& service, const Packet& packet) {
    if (packet.protocol() != lb::Protocol::kTcp) return true;
    if ((packet.tcp_flags & lb::tcp::kRst) != 0) return false;
    return (packet.tcp_flags & lb::tcp::kSyn) != 0 || service.sloppy_tcp;
  }
  template <lb::Direction direction>
  [[gnu::always_inline]] bool forward_usual(Packet& packet, Entry& entry, Outbox::Run& run);
  void forward(LinkNumber link, Packet& packet);
  // While the VIPs are another director's: whether a packet is of one, and is dropped then.
  bool stands_by(const Packet& packet) const;
  bool drop_in_standby(const Packet& packet);
  void forward_with(LinkNumber link, Packet& packet, lb::EntryIndex index);
  bool reset_both(LinkNumber link, Packet& packet);
  void put_together(LinkNumber link, const Packet& fragment);
  void handle_other(LinkNumber link, Packet& packet);
  lb::EntryIndex find(const Packet& packet) const;
  lb::EntryIndex find_or_open(LinkNumber link, Packet& packet);
  void open(LinkNumber link, Packet& packet);
  void forward_first(LinkNumber link, Packet& packet, Entry& entry);
  lb::EntryIndex open_masqueraded(const Packet& packet, const MasqueradeRule<F>& rule);
  void inspect_unmatched(const Packet& packet, PathInspection& question);
  void inspect_known(const Packet& packet, const Entry& entry, PathInspection& question);
  void inspect_opening(const Packet& packet, lb::EntryIndex replaced, PathInspection& question);
  // `fits`: whether a server can have it, given a Closing.
  template <class Fits>
  void inspect_schedule(const VirtualService<F>& service, const Packet& packet, Fits fits,
                        PathInspection& question);
  void inspect_way(typename F::Address destination, lb::NextHop known, uint16_t overhead,
                   PathInspection& question);
  bool starts_something(const Packet& packet) const;
  const MasqueradeRule<F>* masquerade_rule(const Packet& packet) const;
  // The same of any packet that a real server sends.
  const MasqueradeRule<F>* masquerade_rule_for(const Packet& packet) const;
  // Of a packet's connection: whether masquerade gave it what it would not give a new one. Asked
  // when its next hop has to be found anew, as after every change of addresses, routes and rules.
  bool has_lost_its_masquerade(const Packet& packet, const Entry& entry) const;
  bool ends_with_its_masquerade(const Packet& packet, lb::EntryIndex index);
  void adopt(const Snapshot<F>& snapshot);
  // The last steps of a packet of a connection.
  void leave_inbound(LinkNumber link, Packet& packet, const Entry& entry, Neighbour<F>& hop) {
    const Method<F>& method = methods_[entry.method];
    const bool may =
        method.overhead == 0
            ? host_.may_leave(hop, link, packet)
            : host_.may_leave_in_tunnel(hop, link, packet, method.overhead, entry.inside.address);
    if (!may) return;
    method.rewrite_inbound(packet, entry, hop.source);
    host_.send(hop, packet);
  }
  void leave_outbound(LinkNumber link, Packet& packet, const Entry& entry, Neighbour<F>& hop) {
    if (!host_.may_leave(hop, link, packet)) return;
    methods_[entry.method].outbound(packet, entry);
    host_.send(hop, packet);
  }
  // Whether a packet of no connection may open one of a service.
  enum class Admission : uint8_t { kOpens, kClosed, kNotASyn, kBadSource };
  Admission admit(const VirtualService<F>& service, const Packet& packet) const;
  // Whether a packet ends its connection, so that it may open another.
  static bool makes_way(const Packet& packet, const Entry& entry) {
    constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kAck | lb::tcp::kRst;
    return (packet.tcp_flags & kMask) == lb::tcp::kSyn &&
           lb::gives_way_to_syn(entry.state, entry.replies_seen);
  }
  // A server for a new connection. It has been claimed.
  struct Choice {
    const RealServer<F>* server = nullptr;  // nullptr: none
    bool reserved = false;
    std::optional<uint64_t> turn = {};  // that led to it
    bool is_led = false;                // there by its client's hold, whatever its threshold
  };
  Choice choose(const VirtualService<F>& service, const Packet& packet, lb::DropReason& why_not);
  Choice choose_by_client(const VirtualService<F>& service, const Packet& packet,
                          lb::DropReason& why_not);
  Choice choose_by_schedule(const VirtualService<F>& service, const Packet& packet,
                            lb::DropReason& why_not);
  void give_back(const VirtualService<F>& service, const Packet& packet, const Choice& choice);
  // What a server's last new connection found out about the way to that address; 0: nothing.
  lb::NextHop remembered_hop(uint32_t server, typename F::Address address) const {
    const ServerHop& way = server_hops_[server];
    return way.address == address ? way.hop : lb::NextHop{0};
  }
  void remember_hop(uint32_t server, typename F::Address address, lb::NextHop known,
                    lb::NextHop found) {
    if (found != known) [[unlikely]]
      server_hops_[server] = {address, found};
  }
  bool claim(const RealServer<F>& server);
  // Whether it could, at this moment.
  bool has_place(const RealServer<F>& server) const {
    return server.upper_threshold == 0 ||
           (!is_full_by_loads(server) && !limits_.is_overloaded(server.slot));
  }
  bool is_full_by_loads(const RealServer<F>& server) const;
  // The server that a client who holds to the one of a slot is led to; nullptr: to none.
  static const RealServer<F>* led_to(const VirtualService<F>& service,
                                     std::optional<uint32_t> held) {
    const RealServer<F>* server = held ? service.server_of_slot(*held) : nullptr;
    const bool stays = server != nullptr && (server->accepts || !service.holds.leave_quiescent);
    return stays ? server : nullptr;
  }
  void forward_once(LinkNumber link, Packet& packet, const VirtualService<F>& service,
                    const Choice& choice);
  void return_once(LinkNumber link, Packet& packet, const OnePacketServer<F>& server);
  static lb::State first_state(const Packet& packet) {
    return packet.protocol() == lb::Protocol::kTcp ? lb::first_tcp_state(packet.tcp_flags)
                                                   : lb::usual_state(packet.protocol());
  }
  // `count`: of the requests before.
  scheduler::Request request_for(const VirtualService<F>& service, const Packet& packet,
                                 uint64_t count);
  // Asks a service's plan; `take` gives it turns.
  template <class Take>
  static scheduler::Picked pick_by(const VirtualService<F>& service, scheduler::Request& request,
                                   Take take) {
    if (!service.plan->takes_turns()) return service.plan->pick(request);
    for (uint32_t tries = service.plan->turns_to_try(); tries > 0; --tries) {
      request.turn = take();
      request.last_try = tries == 1;
      if (const auto picked = service.plan->pick(request)) return picked;
    }
    return std::nullopt;
  }
  // Walks a service's servers from the scheduler's on, in order, to the first that fits and can be
  // claimed, and says why there is none. `ahead`: one that has been chosen and counted before;
  // `unreserve` is told if it does not fit. All are called with a RealServer, but `pick`, which
  // asks the scheduler.
  template <class Pick, class Fits, class Claim, class Unreserve>
  static scheduler::Picked walk(const VirtualService<F>& service, scheduler::Picked ahead,
                                Pick pick, Fits fits, Claim claim, Unreserve unreserve,
                                lb::DropReason& why_not) {
    // Between the scheduler's look at a server's threshold and the claim, another worker may take
    // the last place. The scheduler is asked again then; the last time, the next in order will do.
    constexpr int kTries = 8;
    why_not = lb::DropReason::kAmbiguousTuple;
    const size_t servers = service.servers.size();
    for (int tries = 1; tries <= kTries; ++tries) {
      const scheduler::Picked picked = ahead ? ahead : pick();
      if (!picked) {
        why_not = lb::DropReason::kNoServer;
        return std::nullopt;
      }
      bool is_outrun = false;
      for (size_t step = 0; step < servers && !is_outrun; ++step) {
        const size_t place = *picked + step;
        const auto position = static_cast<uint32_t>(place < servers ? place : place - servers);
        const RealServer<F>& server = service.servers[position];
        const bool may = fits(server);
        if (ahead && step == 0) {
          if (may) return position;
          unreserve(server);
        } else if (may) {
          if (claim(server)) return position;
          why_not = lb::DropReason::kNoServer;
          is_outrun = step == 0 && tries < kTries;
        }
      }
      if (!is_outrun) break;
      ahead = std::nullopt;
    }
    return std::nullopt;
  }
  scheduler::Picked pick(const VirtualService<F>& service, const Packet& packet,
                         std::optional<uint64_t>& turn);
  lb::EntryIndex rival_at(const RealServer<F>& server, const Packet& packet) const;
  // What becomes of rivals that are closing. Another server is better, as the one that they have
  // may not be done with them; better than none they make way, as to a SYN of their own service.
  enum class Closing : uint8_t { kStays, kMakesWay };
  // Of a packet that opens: its candidate is the first connection of its outside end.
  bool is_ambiguous(const RealServer<F>& server, const Packet& packet, Closing closing) const {
    if (packet.candidate == lb::kNoEntry) return false;
    const lb::EntryIndex rival = rival_at(server, packet);
    return rival != lb::kNoEntry && !gives_way(packet, connections_.entry(rival), closing);
  }
  // What masquerade has taken for a server's own datagrams may have been answers, and are from now
  // on.
  static bool gives_way(const Packet& packet, const Entry& rival, Closing closing) {
    return (rival.from_inside && rival.protocol == lb::Protocol::kUdp) ||
           (closing == Closing::kMakesWay && makes_way(packet, rival));
  }
  void displace_rival(const RealServer<F>& server, Packet& packet);
  void account(const Packet& packet, Entry& entry);
  void count(const Packet& packet, lb::Direction direction, uint32_t server) {
    lb::Traffic& traffic = live_.traffic[server];
    const uint64_t bytes = packet.length;  // behind a counter's store it would be read again
    if (direction == lb::Direction::kInbound) {
      traffic.packets_in.add(1);
      traffic.bytes_in.add(bytes);
    } else {
      traffic.packets_out.add(1);
      traffic.bytes_out.add(bytes);
    }
  }

  Outbox& outbox_;
  Peers& peers_;
  lb::Connections<F>& connections_;
  LiveFigures live_;
  Holds<F> holds_;
  lb::Limits& limits_;
  // What a server's last new connection found out about its way, by slot. A slot may have come to
  // another server since.
  struct ServerHop {
    typename F::Address address;
    lb::NextHop hop;
  };
  lb::ReservedArray<ServerHop> server_hops_;
  Turns turns_;
  Reservations<F> reservations_;
  const Snapshot<F>* snapshot_;
  uint64_t adopted_ = 0;         // the serial of the snapshot that it has been told of
  uint64_t adopted_limits_ = 0;  // and of that one's ServerLimits
  lb::Tick now_ = 0;
  std::span<const Method<F>> methods_ = methods<F>();
  lb::MethodNumber nat_ = find_method("nat").value();
  Host<F> host_;
  IcmpRelay<F> relay_;
  Reassembly reassembly_;
  uint64_t random_ = 0;
  scheduler::BlockMinima minima_;
  // Towards which no port of the masquerade is left, as was told.
  std::optional<typename F::Address> exhausted_;
};

}  // namespace dataplane
