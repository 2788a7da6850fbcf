// Text to address and back.
#include "lb/address.h"

#include <catch2/catch.hpp>

using lb::Endpoint;
using lb::IpAddress;
using lb::MacAddress;

namespace {

struct Accepted {
  const char* text;
  const char* printed;
};

}  // namespace

TEST_CASE("an address in every accepted notation is printed in the usual one") {
  const Accepted row = GENERATE(values<Accepted>({
      {"0.0.0.0", "0.0.0.0"},
      {"10.1.0.100", "10.1.0.100"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:0DB8::00Ff", "2001:db8::ff"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
      {"fe80::1:0:0:2", "fe80::1:0:0:2"},
  }));
  const auto address = IpAddress::parse(row.text);
  REQUIRE(address);
  CHECK(address->to_string() == row.printed);
  CHECK(IpAddress::parse(address->to_string()) == address);
}

TEST_CASE("what is no address is refused") {
  const char* text = GENERATE(
      "", " ", "10", "10.1", "10.1.0", "10.1.0.", ".10.1.0.1", "10.1.0.1.2", "10.1.0.256",
      "10.1.0.-1", "10.1.0.+1", "010.1.0.1", "10.1.0.01", "0x0a.1.0.1", "10.1.0.1 ", " 10.1.0.1",
      "10..0.1", "10.1.0.1/24", "10.1.0.1:80", "localhost", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9", "12345::", "g::", "[::1]", "fe80::1%eth0", "::1/64", "::10.0.0.256");
  CAPTURE(text);
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("an address that goes on after a null byte is refused") {
  CHECK_FALSE(IpAddress::parse(std::string_view("10.0.0.1\0", 9)));
  CHECK_FALSE(IpAddress::parse(std::string_view("::1\0:5", 6)));
}

TEST_CASE("an address knows its family and its bytes in network order") {
  const IpAddress v4 = *IpAddress::parse("10.1.2.3");
  CHECK(v4.is_ipv4());
  CHECK(v4.ipv4().bits.value() == 0x0a010203);
  CHECK(v4.bytes() == std::array<uint8_t, 16>{10, 1, 2, 3});
  CHECK(IpAddress(v4.ipv4()) == v4);

  const IpAddress v6 = *IpAddress::parse("2001:db8::1");
  CHECK(v6.family() == lb::Family::kIpv6);
  CHECK(v6.bytes() ==
        std::array<uint8_t, 16>{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(IpAddress(lb::Ipv6Address{v6.bytes()}) == v6);
}

TEST_CASE("addresses that share their first bytes but not the family differ") {
  CHECK(*IpAddress::parse("0.0.0.0") != *IpAddress::parse("::"));
  CHECK(*IpAddress::parse("32.1.13.184") != *IpAddress::parse("2001:db8::"));
}

TEST_CASE("addresses of one family are ordered as numbers") {
  CHECK(*IpAddress::parse("9.255.255.255") < *IpAddress::parse("10.0.0.0"));
  CHECK(*IpAddress::parse("10.0.0.2") < *IpAddress::parse("10.0.0.10"));
  CHECK(*IpAddress::parse("127.0.0.1") < *IpAddress::parse("128.0.0.0"));
  CHECK(*IpAddress::parse("::ff") < *IpAddress::parse("::1:0"));
}

TEST_CASE("special addresses are told apart from ordinary ones") {
  struct Row {
    const char* text;
    bool unspecified, multicast_or_broadcast, loopback;
  };
  const Row row = GENERATE(values<Row>({
      {"0.0.0.0", true, false, false},
      {"0.0.0.1", false, false, false},
      {"10.0.0.1", false, false, false},
      {"126.255.255.255", false, false, false},
      {"127.0.0.0", false, false, true},
      {"127.255.255.255", false, false, true},
      {"128.0.0.0", false, false, false},
      {"223.255.255.255", false, false, false},
      {"224.0.0.0", false, true, false},
      {"239.255.255.255", false, true, false},
      {"240.0.0.1", false, false, false},
      {"255.255.255.254", false, false, false},
      {"255.255.255.255", false, true, false},
      {"::", true, false, false},
      {"::1", false, false, true},
      {"::2", false, false, false},
      {"1::1", false, false, false},
      {"fe80::1", false, false, false},
      {"ff02::1", false, true, false},
      {"::ff00:1", false, false, false},
  }));
  CAPTURE(row.text);
  const IpAddress address = *IpAddress::parse(row.text);
  CHECK(address.is_unspecified() == row.unspecified);
  CHECK(address.is_multicast_or_broadcast() == row.multicast_or_broadcast);
  CHECK(address.is_loopback() == row.loopback);
}

TEST_CASE("an endpoint is read and printed with its port, IPv6 in brackets") {
  const Accepted row = GENERATE(values<Accepted>({
      {"10.1.0.100:80", "10.1.0.100:80"},
      {"10.1.0.100:0", "10.1.0.100:0"},
      {"10.1.0.100:65535", "10.1.0.100:65535"},
      {"[::]:1", "[::]:1"},
      {"[2001:DB8:0::1]:443", "[2001:db8::1]:443"},
      {"[::ffff:1.2.3.4]:5", "[::ffff:1.2.3.4]:5"},
  }));
  CAPTURE(row.text);
  const auto endpoint = Endpoint::parse(row.text);
  REQUIRE(endpoint);
  CHECK(endpoint->to_string() == row.printed);
  CHECK(Endpoint::parse(endpoint->to_string()) == endpoint);
  CHECK(Endpoint::parse_or(row.text, 9) == endpoint);
}

TEST_CASE("an endpoint with a bad port, missing or needless brackets is refused") {
  const char* text =
      GENERATE("", ":", ":80", "10.1.0.1:", "10.1.0.1:65536", "10.1.0.1:99999",
               "10.1.0.1:4294967376", "10.1.0.1:-1", "10.1.0.1:+80", "10.1.0.1: 80", "10.1.0.1:80 ",
               "10.1.0.1:080", "10.1.0.1:00", "10.1.0.1:0x50", "10.1.0.1:http", "10.1.0.1:80:80",
               "10.1.0:80", "host:80", "[10.1.0.1]:80", "[]:80", "[::1:80", "::1]:80", "[[::1]]:80",
               "[::1]80", "[::1]:", "[::1]:080", "[::1]:65536", "[::1] :80");
  CAPTURE(text);
  CHECK_FALSE(Endpoint::parse(text));
  CHECK_FALSE(Endpoint::parse_or(text, 80));
}

TEST_CASE("an endpoint without a port is refused or takes the default, as asked") {
  const Accepted row = GENERATE(values<Accepted>({
      {"10.1.0.1", "10.1.0.1:8080"},
      {"2001:db8::1", "[2001:db8::1]:8080"},
      {"[2001:db8::1]", "[2001:db8::1]:8080"},
      // Without brackets all of it is the address.
      {"2001:db8::1:80", "[2001:db8::1:80]:8080"},
  }));
  CAPTURE(row.text);
  CHECK_FALSE(Endpoint::parse(row.text));
  const auto endpoint = Endpoint::parse_or(row.text, 8080);
  REQUIRE(endpoint);
  CHECK(endpoint->to_string() == row.printed);
}

TEST_CASE("brackets with anything but an IPv6 address in them are refused") {
  const char* text = GENERATE("[10.1.0.1]", "[]", "[", "]", "[::1", "::1]", "[host]", "[[::1]]");
  CAPTURE(text);
  CHECK_FALSE(Endpoint::parse_or(text, 80));
}

TEST_CASE("a MAC address is six pairs of hex digits between colons") {
  const auto mac = MacAddress::parse("02:00:5E:aB:cd:0f");
  REQUIRE(mac);
  CHECK(mac->to_string() == "02:00:5e:ab:cd:0f");
  CHECK(mac->bytes == std::array<uint8_t, 6>{0x02, 0x00, 0x5e, 0xab, 0xcd, 0x0f});
  CHECK_FALSE(mac->is_multicast());
  CHECK_FALSE(mac->is_zero());
  CHECK(MacAddress::parse("01:00:5e:00:00:01")->is_multicast());
  CHECK(MacAddress::parse("00:00:00:00:00:00")->is_zero());
  CHECK(MacAddress::parse("ff:ff:ff:ff:ff:ff") == lb::kBroadcastMac);

  const char* text = GENERATE("", "02:00:5e:ab:cd", "02:00:5e:ab:cd:0f:11", "2:0:5e:ab:cd:f",
                              "02-00-5e-ab-cd-0f", "02:00:5e:ab:cd:0g", "02:00:5e:ab:cd:-1",
                              "02:00:5e:ab:cd: f", "0200.5eab.cd0f", "02:00:5e:ab:cd0:f");
  CAPTURE(text);
  CHECK_FALSE(MacAddress::parse(text));
}

TEST_CASE("protocols are named in lower case only") {
  CHECK(lb::parse_protocol("tcp") == lb::Protocol::kTcp);
  CHECK(lb::parse_protocol("udp") == lb::Protocol::kUdp);
  CHECK(lb::to_string(lb::Protocol::kTcp) == "tcp");
  CHECK(lb::to_string(lb::Protocol::kUdp) == "udp");
  CHECK(lb::to_string(lb::Protocol::kIcmp) == "icmp");
  for (const char* text : {"", "TCP", "sctp", "icmp", "tcp ", "6"}) {
    CAPTURE(text);
    CHECK_FALSE(lb::parse_protocol(text));
  }
}
