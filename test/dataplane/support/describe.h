// A frame as one line of text, in the manner of the recorded vectors, its checksums checked:
//   TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [S] seq=1000 len=40 csum=ok
//   ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3 len=68 csum=ok quoting{TCP …}
//   ARP who-has 10.2.0.11 tell 10.2.0.1
#pragma once

#include <string>

#include "lb/address.h"
#include "test/dataplane/support/bytes.h"

namespace dataplane_test {

// `frame` with its Ethernet header. What should not be there at all is said in capitals.
std::string describe(View frame);

// Of an IP address in host order: see number_of.
std::string dotted(uint32_t address);

// "10.2.0.11" for the MAC address of a host of the tests (see mac_of), "all", or the address
// itself.
std::string host_name(const lb::MacAddress& mac);

bool has_right_ip_checksum(View frame);

}  // namespace dataplane_test
