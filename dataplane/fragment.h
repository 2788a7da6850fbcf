// Splitting an IPv4 packet that does not fit a link (RFC 791 section 3.2).
#pragma once

#include <array>
#include <cstring>
#include <span>

#include "dataplane/checksum.h"

namespace dataplane {

// The header of fragments after the first: the options that are not to be copied (RFC 791
// section 3.1, "copied flag") are left out. Returns its length.
size_t write_later_header(std::span<uint8_t, 60> out, const Ipv4Header& first);

// Calls emit(header, payload) for each fragment, in order; `header` has lengths, offset and
// checksum filled in. `packet`: a whole IP packet or itself a fragment; `largest`: bytes that a
// fragment, header included, may have, at least 68 (RFC 791).
template <class Emit>
void split(std::span<const uint8_t> packet, uint16_t largest, Emit emit) {
  const auto& original = view<Ipv4Header>(packet.data());
  const uint16_t flags = original.fragment.value();
  const size_t header_length = original.header_length();
  std::array<uint8_t, 60> first;
  std::array<uint8_t, 60> later;
  std::memcpy(first.data(), packet.data(), header_length);
  const size_t later_length = write_later_header(later, original);

  const std::span<const uint8_t> payload = packet.subspan(header_length);
  size_t done = 0;
  while (done < payload.size()) {
    const std::span<uint8_t> header =
        done == 0 ? std::span(first).first(header_length) : std::span(later).first(later_length);
    const size_t room = largest - header.size();
    const size_t left = payload.size() - done;
    const size_t length = left <= room ? left : room / 8 * 8;
    auto& ip = view<Ipv4Header>(header.data());
    ip.total_length = Be16(static_cast<uint16_t>(header.size() + length));
    const bool more = done + length < payload.size() || (flags & Ipv4Header::kMoreFragments) != 0;
    ip.fragment = Be16(static_cast<uint16_t>((flags & Ipv4Header::kDontFragment) |
                                             (more ? Ipv4Header::kMoreFragments : 0) |
                                             ((flags & Ipv4Header::kOffset) + done / 8)));
    ip.checksum = Be16(0);
    ip.checksum = checksum_of(header);
    emit(std::span<const uint8_t>(header), payload.subspan(done, length));
    done += length;
  }
}

}  // namespace dataplane
