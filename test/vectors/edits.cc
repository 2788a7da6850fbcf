#include "test/vectors/edits.h"

#include <algorithm>
#include <cstring>

#include "dataplane/headers.h"

namespace vectors_test {
namespace {

using dataplane::EthernetHeader;
using dataplane::IcmpHeader;
using dataplane::Ipv4Header;
using lb::Be16;

// An ICMP error in a frame, taken apart. The recordings' IP headers have no options.
struct Error {
  explicit Error(replay::Bytes& frame)
      : icmp(frame.data() + sizeof(EthernetHeader) + sizeof(Ipv4Header)),
        quote(icmp + sizeof(IcmpHeader)),
        transport(quote + sizeof(Ipv4Header)),
        end(frame.data() + frame.size()) {}

  uint8_t* icmp;
  uint8_t* quote;
  uint8_t* transport;
  uint8_t* end;
};

uint16_t word_at(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }

uint16_t fold(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

void recompute_icmp_checksum(const Error& error) {
  auto& checksum = dataplane::view<IcmpHeader>(error.icmp).checksum;
  checksum = Be16(0);
  uint32_t sum = 0;
  for (const uint8_t* at = error.icmp; at < error.end; at += 2) {
    sum += at + 1 < error.end ? word_at(at) : *at << 8;
  }
  checksum = Be16(static_cast<uint16_t>(~fold(sum)));
}

// Where the quote has its transport checksum, or nullptr.
uint8_t* quoted_checksum(const Error& error) {
  const bool tcp = dataplane::view<Ipv4Header>(error.quote).protocol == dataplane::kProtocolTcp;
  uint8_t* at = error.transport + (tcp ? offsetof(dataplane::TcpHeader, checksum)
                                       : offsetof(dataplane::UdpHeader, checksum));
  return at + 2 <= error.end ? at : nullptr;
}

// RFC 1624, equation 3, over the quoted addresses and ports: from those that came to those that
// left.
void translate(Error came, Error left) {
  uint8_t* const checksum = quoted_checksum(left);
  if (checksum == nullptr) return;
  uint32_t sum = static_cast<uint16_t>(~word_at(checksum));
  constexpr size_t kAddresses = offsetof(Ipv4Header, source);
  for (size_t i = kAddresses; i < sizeof(Ipv4Header) + 4; i += 2) {
    sum += static_cast<uint16_t>(~word_at(came.quote + i)) + uint32_t{word_at(left.quote + i)};
  }
  dataplane::view<Be16>(checksum) = Be16(static_cast<uint16_t>(~fold(sum)));
  recompute_icmp_checksum(left);
}

bool is_icmp(const replay::Bytes& frame) {
  return dataplane::view<Ipv4Header>(frame.data() + sizeof(EthernetHeader)).protocol ==
         dataplane::kProtocolIcmp;
}

}  // namespace

void answer_nothing(Recording& recording) {
  for (Step& step : recording.steps) step.sent.clear();
}

void drop_the_last(Recording& recording) {
  recording.steps.back().sent.clear();
  recording.steps.back().connections->clear();
}

void reschedule_reuse(Recording& recording) {
  std::string& line = recording.steps.back().connections->back();
  line.replace(line.find("10.2.8."), 7, "10.2.4.");
}

void translate_quoted_checksums(Recording& recording) {
  for (Step& step : recording.steps) {
    if (step.sent.empty() || !is_icmp(step.sent.front().frame)) continue;
    translate(Error(step.received.front().frame), Error(step.sent.front().frame));
  }
}

void quote_as_sent(Recording& recording) {
  constexpr replay::Time kLater = replay::kNanosecondsPerSecond;
  Event& event = recording.steps.back().sent.back();
  Error error(event.frame);
  auto& quoted = dataplane::view<Ipv4Header>(error.quote);
  ++quoted.ttl;
  quoted.checksum = Be16(fold(quoted.checksum.value() + 0xfeffu));
  recompute_icmp_checksum(error);
  event.time += kLater;
  std::string& line = recording.steps.back().connections->back();
  line.replace(line.find("00:56"), 5, "00:55");
}

}  // namespace vectors_test
