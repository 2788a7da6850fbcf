// What EAL is told besides what the file says.
#include <catch2/catch.hpp>

#include "dataplane/eal.h"

namespace {

using Words = std::vector<std::string>;

Words complete(Words arguments, Words devices) {
  return dataplane::complete_arguments(
      {.arguments = std::move(arguments), .devices = std::move(devices)});
}

}  // namespace

TEST_CASE("EAL probes exactly the PCI devices that are named, and none where none is") {
  CHECK(complete({"-l", "0,1"}, {"0000:3b:00.0", "net_null0"}) ==
        Words{"-l", "0,1", "--in-memory", "-a", "0000:3b:00.0"});
  CHECK(complete({}, {"net_null0"}) == Words{"--in-memory", "--no-pci"});
  CHECK(complete({"-a", "0000:3b:00.1"}, {"0000:3b:00.0"}) ==
        Words{"-a", "0000:3b:00.1", "--in-memory"});
}

TEST_CASE("a bond's members are named by its arguments") {
  const std::string bond = "--vdev=net_bonding0,mode=4,slave=0000:3b:00.0,slave=0000:3b:00.1,lsc=1";
  CHECK(complete({bond}, {"net_bonding0"}) ==
        Words{bond, "--in-memory", "-a", "0000:3b:00.0", "-a", "0000:3b:00.1"});
  const std::string soft = "--vdev=net_bonding0,mode=4,slave=net_af_xdp0,slave=net_af_xdp1";
  CHECK(complete({soft}, {"net_bonding0"}) == Words{soft, "--in-memory", "--no-pci"});
}
