// New connections: the first packet of each, and short TCP connections from SYN to expiry.
#pragma once

#include "tools/bench/measure.h"
#include "tools/bench/world.h"

namespace bench {

enum class Table : uint8_t { kRoomLeft, kFull };

// Per connection: a SYN or a first datagram that meets none of its tuple. With room left the table
// fills up from pass to pass and is emptied, unclocked, when nine tenths are taken; so entries and
// buckets are as cold as new ones are. Full, every SYN takes back the oldest connection in
// SYN_RECV.
class Opening final : public Case {
 public:
  Opening(const WorldConfig& config, Table table, Ring& ring, uint16_t burst);
  double sample() override;

 private:
  uint64_t pass();

  World world_;
  Table table_;
  Ring& ring_;
  uint32_t next_flow_ = 0;
};

// Per connection: SYN, SYN+ACK, ACK, FIN, FIN+ACK of the server, ACK through NAT, then TIME_WAIT
// for a second until the wheel ends it. A sample is one tick in the steady state in which as many
// end as open: so one second's connections are in the table, at 1.57 million a second. Each of the
// six stages runs over the whole ring before the next, so that a connection has gone cold between
// its packets.
class ShortConnections final : public Case {
 public:
  ShortConnections(Ring& ring, uint16_t burst);
  static constexpr uint32_t kPerSample = 98304;
  static constexpr uint32_t kCapacity = kPerSample * 20;
  double sample() override;

 private:
  uint64_t pass();
  uint64_t stage(dataplane::LinkNumber link, uint8_t tcp_flags);

  World world_;
  Ring& ring_;
  std::vector<uint16_t> servers_;  // by position in the ring
  uint32_t next_flow_ = 0;
};

}  // namespace bench
