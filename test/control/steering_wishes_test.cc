#include "control/steering_wishes.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "control/build_snapshot.h"
#include "control/vocabulary.h"

namespace {

using control::InterfaceSides;
using nlohmann::json;

constexpr InterfaceSides kOutside{true, false};
constexpr InterfaceSides kInside{false, true};
constexpr InterfaceSides kBoth{true, true};

control::SteeringWishes wishes_of(const json& services, const json& more = json::object()) {
  json file{{"interfaces",
             {{{"name", "wan"}, {"device", "d0"}, {"addresses", {"10.1.0.1/24"}}},
              {{"name", "lan"}, {"device", "d1"}, {"addresses", {"10.2.0.1/24"}}}}},
            {"services", services}};
  file.update(more);
  const auto config = conf::load(file.dump(), control::vocabulary());
  REQUIRE(config);
  const auto snapshot = control::build_snapshot(*config, control::enter_all(*config),
                                                std::vector<dataplane::Link>(2), {});
  return control::steering_wishes(*config, *snapshot);
}

json service(const char* forward, const char* server) {
  return {{{"protocol", "tcp"},
           {"address", "10.1.0.100:80"},
           {"forward", forward},
           {"servers", {{{"address", server}}}}}};
}

}  // namespace

TEST_CASE("in NAT with two arms each interface carries one direction") {
  const auto wishes = wishes_of(service("nat", "10.2.0.11"));
  CHECK(wishes.interfaces == std::vector{kOutside, kInside});
  CHECK(wishes.destinations ==
        std::vector{dataplane::OutsideDestination{lb::IpAddress::parse("10.1.0.100")->ipv4(),
                                                  lb::Protocol::kTcp, lb::Be16(80)}});
}

TEST_CASE("in NAT with one arm an interface carries both") {
  const json route{{"routes", {{{"destination", "0.0.0.0/0"}, {"gateway", "10.2.0.254"}}}}};
  CHECK(wishes_of(service("nat", "10.2.0.11"), route).interfaces == std::vector{kOutside, kBoth});
}

TEST_CASE("real servers that answer clients themselves send nothing through the director") {
  for (const char* forward : {"dr", "tunnel"}) {
    CHECK(wishes_of(service(forward, "10.2.0.11")).interfaces == std::vector{kOutside, kOutside});
  }
}

TEST_CASE("a masquerade address hears from outside, and its sources send from inside") {
  const json masquerade{{"masquerade", {{{"source", "10.2.0.0/25"}, {"interface", "wan"}}}}};
  const auto wishes = wishes_of(json::array(), masquerade);
  CHECK(wishes.interfaces == std::vector{kOutside, kInside});
  const auto own = lb::IpAddress::parse("10.1.0.1")->ipv4();
  CHECK(wishes.destinations ==
        std::vector{dataplane::OutsideDestination{own, lb::Protocol::kTcp, {}},
                    dataplane::OutsideDestination{own, lb::Protocol::kUdp, {}}});
}

TEST_CASE("masqueraded sources behind a router send from inside as well") {
  const json more{{"masquerade", {{{"source", "10.9.0.0/16"}, {"interface", "wan"}}}},
                  {"routes", {{{"destination", "10.9.4.0/24"}, {"gateway", "10.2.0.254"}}}}};
  CHECK(wishes_of(json::array(), more).interfaces == std::vector{kOutside, kBoth});
}
