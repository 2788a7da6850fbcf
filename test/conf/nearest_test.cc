#include "conf/nearest.h"

#include <catch2/catch.hpp>

using conf::edit_distance;
using conf::nearest;

TEST_CASE("a swap of neighbours is one edit") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("shceduler", "scheduler") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);  // no place is touched twice
}

TEST_CASE("only a close word is suggested") {
  const std::vector<std::string_view> keys = {"name", "device", "addresses", "neighbours", "mtu"};
  CHECK(nearest("adresses", keys) == "addresses");
  CHECK(nearest("address", keys) == "addresses");
  CHECK(nearest("neighbors", keys) == "neighbours");
  CHECK(nearest("MTU", keys) == "mtu");
  CHECK(nearest("Name", keys) == "name");
  CHECK(nearest("nmae", keys) == "name");
  CHECK(nearest("masquerade", keys).empty());
  CHECK(nearest("ip", keys).empty());
  CHECK(nearest("", keys).empty());
  CHECK(nearest(std::string(1000000, 'a'), keys).empty());
}

TEST_CASE("of several close words the closest is suggested") {
  CHECK(nearest("wlcc", {"lc", "wlc", "wrr"}) == "wlc");
  CHECK(nearest("tcp_fni", {"tcp", "tcp_fin"}) == "tcp_fin");
}

TEST_CASE("a suggestion ends an error, or is not there") {
  CHECK(conf::suggestion("wna", {"wan", "lan"}) == "; did you mean \"wan\"?");
  CHECK(conf::suggestion("eth0", {"wan", "lan"}).empty());
}
