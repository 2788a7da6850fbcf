// Devices that steer packets to queues as they are asked to. They hash by the book, bit by bit over
// a packet's fields.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dataplane/steering.h"

namespace steering_test {

using dataplane::PacketEnd;
using dataplane::Spread;
using dataplane::SteeringDevice;
using dataplane::SteeringRule;
using lb::Protocol;
using End = lb::End<lb::V4>;
using Lines = std::vector<std::string>;

struct Packet {
  Protocol protocol;
  End source;
  End destination;
};

inline End end(uint32_t address, uint16_t port) { return {{lb::Be32(address)}, lb::Be16(port)}; }

// Where a device puts the fields that it hashes: one after the other, or where they are when all
// four are hashed, with zeros for the others.
enum class Layout { kCompacted, kInPlace };

// How a device makes the table of a rule from its list of queues: as it is, or over and over until
// the device's usual size is full.
enum class Lists { kAsTheyAre, kRepeated };

inline void append(std::vector<uint8_t>& bytes, uint32_t value, int size) {
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<uint8_t>(value >> 8 * i));
}

inline std::vector<uint8_t> hashed_bytes(const Packet& packet, PacketEnd side, Layout layout) {
  const bool source = side == PacketEnd::kSource;
  const End& hashed = source ? packet.source : packet.destination;
  const uint32_t address = hashed.address.bits.value();
  const uint16_t port = hashed.port.value();
  std::vector<uint8_t> bytes;
  if (layout == Layout::kCompacted) {
    append(bytes, address, 4);
    append(bytes, port, 2);
  } else {
    append(bytes, source ? address : 0, 4);
    append(bytes, source ? 0 : address, 4);
    append(bytes, source ? port : 0, 2);
    append(bytes, source ? 0 : port, 2);
  }
  return bytes;
}

using Key = std::array<uint8_t, 40>;

inline uint32_t toeplitz(const Key& key, const std::vector<uint8_t>& input) {
  const auto bit = [](const auto& bytes, size_t i) { return bytes[i / 8] >> (7 - i % 8) & 1u; };
  uint32_t hash = 0;
  for (size_t i = 0; i < 8 * input.size(); ++i) {
    if (bit(input, i) == 0) continue;
    for (size_t k = 0; k < 32; ++k) hash ^= bit(key, i + k) << (31 - k);
  }
  return hash;
}

inline Key repeated_key() {
  Key key;
  for (size_t i = 0; i < key.size(); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}

// Obeys, refuses what it is told to refuse, and notes what it was asked.
class FakeDevice final : public SteeringDevice {
 public:
  uint16_t queues = 8;
  uint16_t entries = 128;
  bool flow = true;
  bool rss = true;
  bool releases = true;
  Layout layout = Layout::kInPlace;
  Lists lists = Lists::kAsTheyAre;
  Lines asked{};

  uint16_t receive_queues() const override { return queues; }
  uint16_t table_size() const override { return entries; }

  Result hash_on(PacketEnd end, const Spread& spread) override {
    asked.emplace_back(end == PacketEnd::kSource ? "source" : "destination");
    if (!rss) return std::unexpected("no such hash");
    side_ = end;
    spread_ = spread;
    return {};
  }

  Result direct(std::span<const SteeringRule> rules, const Spread& spread) override {
    asked.emplace_back("rules");
    rules_.clear();
    if (!flow) return std::unexpected("no rules");
    rules_.assign(rules.begin(), rules.end());
    spread_ = spread;
    return {};
  }

  Result release() override {
    asked.emplace_back("release");
    if (!releases) return std::unexpected("stuck");
    rules_.clear();
    side_.reset();
    return {};
  }

  bool steers() const { return side_.has_value() || !rules_.empty(); }

  uint16_t queue_of(const Packet& packet) const {
    const PacketEnd hashed = side_ ? *side_ : first_match(packet).hashed;
    const uint32_t hash = toeplitz(repeated_key(), hashed_bytes(packet, hashed, layout));
    if (side_) return spread_.queue_of(hash % entries);
    // A rule has a table of its own, made from a list as long as the common one.
    const uint32_t own = lists == Lists::kAsTheyAre ? spread_.table_size : entries;
    return spread_.queue_of(hash % own % spread_.table_size);
  }

 private:
  const SteeringRule& first_match(const Packet& packet) const {
    const SteeringRule* found = nullptr;
    for (const SteeringRule& rule : rules_) {
      const bool matches = rule.protocol == packet.protocol &&
                           (!rule.to || *rule.to == packet.destination.address) &&
                           (!rule.to_port || *rule.to_port == packet.destination.port);
      if (matches && (found == nullptr || rule.priority < found->priority)) found = &rule;
    }
    REQUIRE(found != nullptr);
    return *found;
  }

  std::optional<PacketEnd> side_{};
  std::vector<SteeringRule> rules_{};
  Spread spread_{};
};

}  // namespace steering_test
