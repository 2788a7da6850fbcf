// Frames as the comparison sees them.
#pragma once

#include <string>

#include "tools/replay/heap_io.h"

namespace vectors_test {

bool is_ip(const replay::Bytes& frame);

// The frame without what a director numbers as it likes, its header checksum accordingly: the IP ID
// of headers that it makes itself, but for those with DF, whose ID is to be LVS's zero; of echo
// replies, which lbd makes of the request and Linux from nothing, DF as well. A frame with a wrong
// header checksum stays as it is. Precondition: is_ip.
replay::Bytes without_numbers(const replay::Bytes& frame);

// Where and how two frames differ, for people.
std::string difference(const replay::Bytes& recorded, const replay::Bytes& sent);

}  // namespace vectors_test
