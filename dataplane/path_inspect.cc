// The part of the path that tells what would become of a packet. Each step asks what the packet's
// own step asks.
#include "dataplane/path.h"

namespace dataplane {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

template <class F>
void Path<F>::inspect(PathInspection& question) {
  Packet packet{};
  packet.set_ends(question.source, question.destination, question.protocol);
  packet.tcp_flags = question.protocol == lb::Protocol::kTcp ? lb::tcp::kSyn : 0;
  classify(packet);
  question.snapshot = snapshot_;
  question.now = now_;
  question.owner = peers_.owner(packet.outside(), packet.hash);
  if (question.owner != peers_.self()) return;
  question.service = packet.service;
  question.inbound = packet.direction() == lb::Direction::kInbound;
  if (stands_by(packet)) {
    question.refused = DropReason::kStandby;
    return;
  }
  const EntryIndex index = find(packet);
  if (index != kNoEntry && !has_lost_its_masquerade(packet, connections_.entry(index))) {
    inspect_known(packet, connections_.entry(index), question);
    if (!question.gives_way) return;
  }
  if (packet.service < Packet::kMasqueraded) {
    inspect_opening(packet, index, question);
    return;
  }
  if (!question.inbound && !host_.owns(packet.destination.address)) {
    question.reply_of = snapshot_->one_packet_reply(packet.source, packet.protocol());
  }
  if (question.reply_of) {
    inspect_way(packet.destination.address, 0, 0, question);
    return;
  }
  if (const MasqueradeRule<F>* rule = question.inbound ? nullptr : masquerade_rule(packet)) {
    question.masquerade = *rule;
    const auto port =
        pick_port(connections_, *rule, packet.source, packet.destination, packet.protocol());
    question.masquerade_port = port.value_or(lb::Be16(0));
    if (!port) {
      question.refused = DropReason::kNoMasqueradePort;
    } else if (!connections_.has_room()) {
      question.refused = DropReason::kTableFull;
    }
  } else {
    inspect_unmatched(packet, question);
    return;
  }
  if (!question.refused) inspect_way(packet.destination.address, 0, 0, question);
}

template <class F>
void Path<F>::inspect_unmatched(const Packet& packet, PathInspection& question) {
  question.refused = host_.why_unmatched(packet);
  if (!question.refused) {
    inspect_way(packet.destination.address, 0, 0, question);
  } else if (question.refused == DropReason::kClosedPort &&
             host_.kernel_takes_from(packet.source.address, packet.destination.address)) {
    question.to_kernel = true;
    question.refused.reset();
  }
}

template <class F>
void Path<F>::inspect_known(const Packet& packet, const Entry& entry, PathInspection& question) {
  question.connection = entry;
  question.gives_way = packet.service < Packet::kMasqueraded && makes_way(packet, entry);
  if (question.inbound) {
    inspect_way(entry.inside.address, entry.next_hop_inside, methods_[entry.method].overhead,
                question);
  } else {
    inspect_way(entry.outside.address, entry.next_hop_outside, 0, question);
  }
}

// `replaced`: the connection that ends for this one, or kNoEntry.
template <class F>
void Path<F>::inspect_opening(const Packet& packet, EntryIndex replaced, PathInspection& question) {
  const VirtualService<F>& service = *snapshot_->services[packet.service];
  const Admission admission = admit(service, packet);
  if (admission != Admission::kOpens) {
    if (admission == Admission::kClosed) {
      inspect_unmatched(packet, question);
    } else {
      question.refused = DropReason::kBadSource;
    }
    return;
  }
  question.chooses = true;
  PathInspection::Choice& choice = question.choice;
  const auto fits = [&](const RealServer<F>& server, Closing closing) {
    const EntryIndex rival = rival_at(server, packet);
    return rival == kNoEntry || rival == replaced ||
           gives_way(packet, connections_.entry(rival), closing);
  };
  if (service.holds.timeout != 0) choice.held = holds_.find(service, packet.source.address);
  if (const RealServer<F>* server = led_to(service, choice.held)) {
    choice.is_led = true;
    if (fits(*server, Closing::kMakesWay)) {
      choice.chosen = static_cast<uint32_t>(server - service.servers.data());
    } else {
      question.refused = DropReason::kAmbiguousTuple;
    }
  } else {
    inspect_schedule(service, packet, fits, question);
  }
  if (!choice.chosen) return;
  const RealServer<F>& server = service.servers[*choice.chosen];
  const bool makes_room = replaced != kNoEntry || rival_at(server, packet) != kNoEntry;
  if (!service.one_packet && !makes_room && !connections_.has_room()) {
    question.refused = DropReason::kTableFull;
    return;
  }
  inspect_way(server.end.address, 0, methods_[server.method].overhead, question);
}

template <class F>
template <class Fits>
void Path<F>::inspect_schedule(const VirtualService<F>& service, const Packet& packet, Fits fits,
                               PathInspection& question) {
  PathInspection::Choice& choice = question.choice;
  // Plans may write to their cell; what they write here is nobody's.
  std::atomic<uint64_t> memory = live_.turns[service.slot].load(std::memory_order_relaxed);
  scheduler::Request request = request_for(service, packet, random_ + 1);
  request.memory = &memory;
  choice.random = request.random;
  choice.memory = memory.load(std::memory_order_relaxed);
  uint64_t turns = 0;
  const auto pick = [&] {
    return choice.picked = pick_by(
               service, request, [&] { return choice.turn = turns_.peek(service.slot, turns++); });
  };
  const auto fits_or_note = [&](const RealServer<F>& server) {
    if (!server.accepts || fits(server, Closing::kStays)) return server.accepts;
    const bool has_room = choice.ambiguous.size() < choice.ambiguous.capacity();
    const auto position = static_cast<uint32_t>(&server - service.servers.data());
    if (has_room) choice.ambiguous.push_back(position);
    return false;
  };
  const auto claim = [&](const RealServer<F>& server) {
    return service.one_packet || has_place(server);
  };
  lb::DropReason why_not{};
  const auto walk_by = [&](auto pick_next, auto may) {
    return walk(
        service, std::nullopt, pick_next, may, claim, [](const RealServer<F>&) {}, why_not);
  };
  choice.chosen = walk_by(pick, fits_or_note);
  if (!choice.chosen && choice.picked) {
    choice.chosen = walk_by([&] { return choice.picked; },
                            [&](const RealServer<F>& server) {
                              return server.accepts && fits(server, Closing::kMakesWay);
                            });
  }
  if (!choice.chosen) question.refused = why_not;
}

template <class F>
void Path<F>::inspect_way(typename F::Address destination, lb::NextHop known, uint16_t overhead,
                          PathInspection& question) {
  question.hop = host_.look_at_next_hop(known, destination);
  if (!question.hop) {
    question.refused = DropReason::kNoRoute;
    return;
  }
  question.room = overhead == 0 ? question.hop->mtu : host_.room_to(destination, question.hop->mtu);
}

template void Path<lb::V4>::inspect(PathInspection&);

}  // namespace dataplane
