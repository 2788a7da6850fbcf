// Numbers as people read them. JSON and metrics carry exact ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace control {

// Up to 99999 as it is, then with three or more digits and k, M, G, T, P (powers of 1000).
std::string human_number(double value);

// "1,204".
std::string grouped(uint64_t number);

// "47s", "5m 3s", "4h 12m 0s", "3d 4h 12m": seconds, cut to whole ones.
std::string human_duration(double seconds);

// "2026-11-25T12:00:00Z" of seconds since 1970.
std::string human_time(int64_t unix_seconds);

// The text with each byte of what is not to be shown (conf::Character) as \xNN: what real servers
// and programs say must not move a terminal's cursor, nor begin a line.
std::string printable(std::string_view text);

}  // namespace control
