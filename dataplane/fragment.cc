#include "dataplane/fragment.h"

#include <algorithm>

namespace dataplane {

size_t write_later_header(std::span<uint8_t, 60> out, const Ipv4Header& first) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&first);
  std::memcpy(out.data(), bytes, sizeof(Ipv4Header));
  size_t length = sizeof(Ipv4Header);
  for (size_t i = sizeof(Ipv4Header); i < first.header_length();) {
    const uint8_t type = bytes[i];
    if (type == 0) break;  // end of options
    if (type == 1) {       // no operation: padding is made anew
      ++i;
      continue;
    }
    const size_t option = i + 1 < first.header_length() ? bytes[i + 1] : 0;
    if (option < 2 || i + option > first.header_length()) break;  // malformed: goes no further
    if ((type & 0x80) != 0) {
      std::memcpy(out.data() + length, bytes + i, option);
      length += option;
    }
    i += option;
  }
  while (length % 4 != 0) out[length++] = 0;
  view<Ipv4Header>(out.data()).version_and_length = static_cast<uint8_t>(0x40 | length / 4);
  return length;
}

}  // namespace dataplane
