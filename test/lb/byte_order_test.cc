#include "lb/byte_order.h"

#include <catch2/catch.hpp>
#include <cstring>

using lb::Be16;
using lb::Be32;

TEST_CASE("a big-endian number lies in memory with its highest byte first") {
  const Be32 wide(0x01020304);
  const Be16 narrow(0x0506);
  uint8_t bytes[6];
  std::memcpy(bytes, &wide, 4);
  std::memcpy(bytes + 4, &narrow, 2);
  for (uint8_t i = 0; i < 6; ++i) CHECK(bytes[i] == i + 1);
}

TEST_CASE("a big-endian number read from a packet has the value that stands there") {
  const uint8_t packet[] = {0xff, 0x1f, 0x90, 0xc0, 0xa8, 0x16, 0x0b};
  Be16 port;
  Be32 address;
  std::memcpy(&port, packet + 1, 2);
  std::memcpy(&address, packet + 3, 4);
  CHECK(port.value() == 8080);
  CHECK(address.value() == 0xc0a8160b);
}

TEST_CASE("every 16-bit number survives the way to network order and back") {
  for (uint32_t i = 0; i <= 0xffff; ++i) {
    const Be16 number(static_cast<uint16_t>(i));
    REQUIRE(number.value() == i);
    REQUIRE(Be16::from_raw(number.raw()) == number);
  }
}

TEST_CASE("every 32-bit number of one bit survives the way to network order and back") {
  for (uint32_t bit = 0; bit < 32; ++bit) {
    const Be32 number(uint32_t{1} << bit);
    REQUIRE(number.value() == uint32_t{1} << bit);
    REQUIRE(Be32::from_raw(number.raw()) == number);
  }
}

TEST_CASE("big-endian numbers compare as the numbers they stand for") {
  CHECK(Be16(0x00ff) < Be16(0x0100));
  CHECK(Be32(0x00ffffff) < Be32(0x01000000));
  CHECK(Be32(7) == Be32(7));
  CHECK(Be32(7) != Be32(0x07000000));
  CHECK(Be16(0xffff) > Be16(0));
}

TEST_CASE("byte order is settled at compile time where the number is known") {
  static_assert(Be16(80).value() == 80);
  static_assert(Be32(0x0a000001) < Be32(0x0a000002));
  SUCCEED();
}
