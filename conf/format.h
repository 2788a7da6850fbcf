// The forms of text that the file knows. Each says what a right text looks like, as an error and as
// a pattern; IPv6 is recognised and refused by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "conf/shape.h"

namespace conf {

// What is expected where an IPv6 address stands.
inline constexpr std::string_view kNoIpv6 = "an IPv4 address: IPv6 is not supported yet";

Text any_argument();          // not empty, no NUL: it becomes a C string
Text name_text();             // of an interface or a service
Text device_text();           // of a DPDK device
Text netdev_text();           // of a network device of the kernel
Text address_text();          // IP
Text prefix_text();           // IP/length
Text endpoint_text();         // IP:port
Text service_address_text();  // IP:port, port 0 included
Text netmask_text();          // 255.255.255.0
Text server_text();           // IP:port or IP
Text mac_text();              // 00:11:22:33:44:55
Text socket_path_text();      // absolute and short enough for a UNIX socket
Text file_mode_text();        // 0600
Text ports_text();            // FIRST-LAST

// The two ports of "FIRST-LAST", 1 to 65535 each, in whichever order they stand.
std::optional<std::pair<uint16_t, uint16_t>> parse_ports(std::string_view text);

}  // namespace conf
