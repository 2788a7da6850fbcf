// Twins in the kernel, and addresses that go from director to director: what the file may say.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "conf/write.h"
#include "test/conf/support.h"

using conf_test::check_verdicts;
using conf_test::file;
using conf_test::file_with;
using conf_test::service;
using conf_test::verdict;

namespace {

std::string interfaces(const std::string& wan, const std::string& lan = "",
                       const std::string& services = "[]") {
  return file(services, "[]",
              R"([{"name": "wan", "device": "d0", "addresses": ["192.168.22.11/24"])" + wan +
                  R"(}, {"name": "lan", "device": "d1", "addresses": ["192.168.11.11/24"])" + lan +
                  "}]");
}

std::string virtual_addresses(const std::string& list) {
  return interfaces("", R"(, "virtual_addresses": [)" + list + "]");
}

const std::string kFar = R"([{"protocol": "tcp", "address": "192.168.22.110:80"}])";
const std::string kOwn = R"([{"protocol": "tcp", "address": "192.168.22.11:80"}])";

std::string standby(const std::string& services, const std::string& vips = "\"standby\"") {
  return file_with("\"services\": " + services + ", \"vips\": " + vips);
}

}  // namespace

TEST_CASE("a kernel_interface is a name that a network device can have, once") {
  const std::string expected =
      ", expected a network device's name of at most 15 letters, digits, \"_\", \".\" and \"-\"";
  const auto twin = [](const std::string& name) {
    return ", \"kernel_interface\": \"" + name + "\"";
  };
  check_verdicts(
      {{interfaces(twin("lb-wan"), twin("lb-lan")), "ok"},
       {interfaces(twin("a23456789012345")), "ok"},
       {interfaces(twin("a234567890123456")),
        "/interfaces/0/kernel_interface: found \"a234567890123456\"" + expected},
       {interfaces(twin("..")), "/interfaces/0/kernel_interface: found \"..\"" + expected},
       {interfaces(twin("a/b")), "/interfaces/0/kernel_interface: found \"a/b\"" + expected},
       {interfaces(twin("lb0"), twin("lb0")),
        "/interfaces/1/kernel_interface: found \"lb0\", expected a different kernel_interface than "
        "at /interfaces/0/kernel_interface"}});
}

TEST_CASE("virtual addresses are on the interface's wire, nobody's own, and there once") {
  const std::string at = "/interfaces/1/virtual_addresses/0: found ";
  check_verdicts(
      {{virtual_addresses(R"("192.168.11.1", "192.168.11.2")"), "ok"},
       {virtual_addresses(R"("192.168.11.11")"),
        at + "\"192.168.11.11\", expected an address that is no interface's own: it goes where the "
             "VIPs go"},
       {virtual_addresses(R"("192.168.22.1")"),
        at + "\"192.168.22.1\", expected an address in one of the interface's prefixes"},
       {virtual_addresses(R"("192.168.11.255")"),
        at + "\"192.168.11.255\", expected a host's address, not the network or broadcast address "
             "of 192.168.11.0/24"},
       {virtual_addresses(R"("192.168.11.1", "192.168.11.1")"),
        "/interfaces/1/virtual_addresses/1: found \"192.168.11.1\", expected a different virtual "
        "address than at /interfaces/1/virtual_addresses/0"}});
}

TEST_CASE("no real server has a virtual address") {
  CHECK_THAT(verdict(interfaces("", R"(, "virtual_addresses": ["192.168.11.1"])",
                                R"([{"protocol": "tcp", "address": "192.168.22.110:80",
                                     "servers": [{"address": "192.168.11.1"}]}])")),
             Catch::Contains("/services/0/servers/0/address: found \"192.168.11.1\""));
}

TEST_CASE("a service on an interface's own address cannot be another director's") {
  check_verdicts(
      {{standby(kFar), "ok"},
       {standby(kOwn, "\"active\""), "ok"},
       {standby(kOwn),
        "/services/0/address: found \"192.168.22.11:80\", expected an address that can be another "
        "director's, for \"vips\": \"standby\": this one is interface wan's own"},
       {standby(kFar, "\"master\""),
        "/vips: found \"master\", expected one of \"active\", \"standby\""}});
}

TEST_CASE("a VIP is announced on a kernel_interface, so there must be one") {
  const std::string announced =
      R"([{"protocol": "tcp", "address": "192.168.22.110:80", "announce": true}])";
  check_verdicts(
      {{interfaces("", R"(, "kernel_interface": "lb-lan")", announced), "ok"},
       {interfaces("", "", announced),
        "/services/0/announce: found true, expected false: no interface has a kernel_interface for "
        "the VIP to stand on"}});
}

TEST_CASE("all of this survives being written") {
  const std::string text =
      file(R"([{"protocol": "tcp", "address": "192.168.22.110:80", "announce": true}])", "[]",
           R"([{"name": "wan", "device": "d0", "addresses": ["192.168.22.11/24"],
           "kernel_interface": "lb-wan", "virtual_addresses": ["192.168.22.1"]}])");
  auto config = conf::load(text, conf_test::vocabulary());
  REQUIRE(config);
  config->vips = conf::Vips::kStandby;
  CHECK(config->interfaces[0].kernel_interface == "lb-wan");
  CHECK(config->services[0].announce);
  CHECK(conf::load(conf::to_json(*config).dump(), conf_test::vocabulary()) == *config);
}
