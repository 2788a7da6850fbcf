#include "tools/replay/run.h"

#include <algorithm>
#include <utility>

#include "control/build_snapshot.h"
#include "control/event_log.h"
#include "control/worker_facts.h"

namespace replay {
namespace {

using dataplane::ArpPacket;
using dataplane::EthernetHeader;
using lb::Be16;

// Any would do; a fixed one makes every run alike.
constexpr lb::HashKey kKey{0x243f6a8885a308d3, 0x13198a2e03707344};
constexpr Time kTick = kNanosecondsPerSecond / lb::kTicksPerSecond;

uint16_t largest_mtu(const conf::Config& config) {
  uint32_t largest = 0;
  for (const conf::Interface& interface : config.interfaces) {
    largest = std::max(largest, interface.mtu);
  }
  return static_cast<uint16_t>(largest);
}

size_t entry_bytes(const conf::Config& config) {
  using Pool = lb::ConnectionPool<lb::V4>;
  return Pool::bytes_for(Pool::entries_for(static_cast<uint32_t>(config.connections.capacity), 1));
}

size_t bucket_bytes(const conf::Config& config) {
  return lb::ConnectionTable<lb::V4>::bytes_for(static_cast<uint32_t>(config.connections.capacity));
}

std::vector<dataplane::Link> make_links(const std::vector<lb::MacAddress>& macs) {
  std::vector<dataplane::Link> links(macs.size());
  for (size_t i = 0; i < macs.size(); ++i) {
    links[i].mac = macs[i];
  }
  return links;
}

}  // namespace

lb::MacAddress mac_for(lb::Ipv4Address address) {
  const uint32_t bits = address.bits.value();
  lb::MacAddress mac{};
  mac.bytes = {0x02,
               0x00,
               static_cast<uint8_t>(bits >> 24),
               static_cast<uint8_t>(bits >> 16),
               static_cast<uint8_t>(bits >> 8),
               static_cast<uint8_t>(bits)};
  return mac;
}

Run::Run(RunSetup setup)
    : config_(std::move(setup.config)),
      answers_arp_(setup.answer_arp),
      roster_(control::enter_all(config_)),
      io_(largest_mtu(config_)),
      entry_memory_(entry_bytes(config_)),
      bucket_memory_(bucket_bytes(config_)),
      pool_(entry_memory_.span()),
      persistence_memory_(
          lb::Persistence::bytes_for(static_cast<uint32_t>(config_.connections.capacity))),
      persistence_(persistence_memory_.span(), kKey),
      // A standby's file is its partner's but for `vips`: what it would do in its place is asked.
      snapshot_(1, control::build_snapshot(config_, roster_, make_links(setup.macs), kKey,
                                           control::Roster::Time::max(), conf::Vips::kActive)),
      counts_(config_.interfaces.size()) {
  // No interface sends chains: what AF_XDP offers.
  const std::vector<dataplane::LinkWay> links(config_.interfaces.size());
  worker_.emplace(dataplane::WorkerParts{
      .number = 0,
      .owner = dataplane::OwnerFunction::keyed(1),
      .mesh = mesh_,
      .io = io_,
      .links = links,
      .answer_limit = answer_limit_,
      .pool = pool_,
      .bucket_memory = bucket_memory_.span(),
      .key = kKey,
      .figures = figures_,
      .persistence = persistence_,
      .snapshot = snapshot_,
      .neighbours = control::static_neighbours(config_),
  });
}

void Run::receive(size_t interface, Time time, std::span<const uint8_t> frame) {
  pass_until(time);
  ++counts_[interface].received;
  counts_[interface].received_bytes += frame.size();
  io_.put(static_cast<dataplane::LinkNumber>(interface), frame);
  turn();
}

void Run::pass_until(Time time) {
  if (!started_) {
    started_ = now_ = time;
    return;
  }
  const auto target = static_cast<lb::Tick>((std::max(now_, time) - *started_) / kTick);
  while (tick_ != target) {
    ++tick_;
    now_ = *started_ + tick_ * kTick;
    // As many turns as it takes to let every connection expire that is due: lbd turns thousands of
    // times a tick.
    const uint64_t due = worker_->connections().table().size();
    for (uint64_t looked = 0; looked <= due; looked += dataplane::Worker::kExpiriesPerTurn) turn();
  }
  now_ = std::max(now_, time);
}

void Run::turn() {
  worker_->turn(tick_);
  collect_sent();
  while (!replies_.empty()) {
    const Reply reply = std::move(replies_.front());
    replies_.pop_front();
    io_.put(static_cast<dataplane::LinkNumber>(reply.interface), reply.frame);
    worker_->turn(tick_);
    collect_sent();
  }
}

void Run::collect_sent() {
  for (HeapIo::Sent& sent : io_.take_sent()) {
    ++counts_[sent.link].sent;
    counts_[sent.link].sent_bytes += sent.frame.size();
    if (answers_arp_) answer_arp(sent.link, sent.frame);
    sent_.push_back({sent.link, now_, std::move(sent.frame)});
  }
}

void Run::answer_arp(size_t interface, const Bytes& request) {
  if (request.size() < sizeof(EthernetHeader) + sizeof(ArpPacket)) return;
  Bytes frame = request;
  auto& ethernet = dataplane::view<EthernetHeader>(frame.data());
  auto& arp = dataplane::view<ArpPacket>(frame.data() + sizeof(EthernetHeader));
  const bool asks = ethernet.type.value() == dataplane::ethertype::kArp &&
                    arp.operation.value() == ArpPacket::kRequest && arp.target != arp.sender;
  if (!asks || snapshot_.current().own.contains(arp.target)) return;
  ethernet.destination = ethernet.source;
  ethernet.source = mac_for(arp.target);
  arp.operation = Be16(ArpPacket::kReply);
  std::swap(arp.sender, arp.target);
  arp.target_mac = arp.sender_mac;
  arp.sender_mac = ethernet.source;
  replies_.push_back({interface, std::move(frame)});
}

std::vector<SentFrame> Run::take_sent() { return std::exchange(sent_, {}); }

double Run::seconds() const {
  return started_ ? static_cast<double>(now_ - *started_) / kNanosecondsPerSecond : 0;
}

std::vector<std::string> Run::take_events() {
  std::vector<std::string> lines;
  dataplane::Event event;
  while (worker_->control_take_event(event)) {
    lines.push_back(control::event_text(event, config_));
  }
  return lines;
}

}  // namespace replay
