#include "dataplane/ip_options.h"

#include <cstring>

#include "dataplane/checksum.h"

namespace dataplane {
namespace {

using lb::DropReason;

namespace option {
constexpr uint8_t kEnd = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kRecordRoute = 7;
constexpr uint8_t kLooseSourceRoute = 131;
constexpr uint8_t kStrictSourceRoute = 137;
}  // namespace option

// Of a record route: type, length, and where the next address goes, counted from 1.
constexpr size_t kPointer = 2;
constexpr size_t kFirstAddress = 4;

// Full, or with room for one more whole address; one that has room for less is in error (RFC 791).
bool is_sound_record_route(std::span<const uint8_t> option) {
  if (option.size() <= kPointer || option[kPointer] < kFirstAddress) return false;
  const size_t pointer = option[kPointer];
  return pointer > option.size() || pointer + sizeof(lb::Ipv4Address) - 1 <= option.size();
}

struct Scan {
  std::optional<DropReason> fault;
  size_t record_route = 0;  // where it begins in the header; 0: there is none
};

Scan scan(std::span<const uint8_t> header) {
  Scan result;
  for (size_t i = sizeof(Ipv4Header); i < header.size();) {
    const uint8_t type = header[i];
    if (type == option::kEnd) break;
    if (type == option::kNoOperation) {
      ++i;
      continue;
    }
    if (type == option::kLooseSourceRoute || type == option::kStrictSourceRoute) {
      return {DropReason::kSourceRouted};
    }
    const size_t length = i + 1 < header.size() ? header[i + 1] : 0;
    if (length < 2 || length > header.size() - i) return {DropReason::kBadIpOptions};
    if (type == option::kRecordRoute) {
      const bool second = result.record_route != 0;  // RFC 791: at most once in a datagram
      if (second || !is_sound_record_route(header.subspan(i, length))) {
        return {DropReason::kBadIpOptions};
      }
      result.record_route = i;
    }
    i += length;
  }
  return result;
}

}  // namespace

std::optional<DropReason> fault_of_options(std::span<const uint8_t> header) {
  return scan(header).fault;
}

void record_route(std::span<uint8_t> header, lb::Ipv4Address address) {
  const size_t at = scan(header).record_route;
  if (at == 0) return;
  uint8_t* const option = header.data() + at;
  const size_t length = option[1];
  uint8_t& pointer = option[kPointer];
  if (pointer > length) return;  // full
  std::memcpy(option + pointer - 1, &address, sizeof address);
  pointer = static_cast<uint8_t>(pointer + sizeof address);
  auto& ip = view<Ipv4Header>(header.data());
  ip.checksum = Be16(0);
  ip.checksum = checksum_of(header);
}

}  // namespace dataplane
