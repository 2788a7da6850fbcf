#include "dataplane/methods.h"

#include "dataplane/nat.h"
#include "dataplane/tunnel.h"

namespace dataplane {
namespace {

// DR, LVS's direct routing, changes no byte behind the Ethernet header: the server has the VIP on
// its loopback device and answers the client directly. So the server must share a wire with the
// director, and the director sees only the client's half.
constexpr Method<lb::V4> kMethods[] = {
    {"nat", "destination address and port are rewritten, replies restored to the VIP", true, false,
     false, 0, nat_inbound, nat_outbound},
    {"dr", "only MAC addresses change; the server has the VIP itself and answers directly", false,
     true, true, 0, nullptr, nullptr},
    {"tunnel", "IP in IP; the server unwraps, has the VIP itself and answers directly", false, true,
     false, sizeof(Ipv4Header), tunnel_inbound, nullptr},
};

}  // namespace

template <>
std::span<const Method<lb::V4>> methods<lb::V4>() {
  return kMethods;
}

std::optional<lb::MethodNumber> find_method(std::string_view name) {
  for (size_t i = 0; i < std::size(kMethods); ++i) {
    if (kMethods[i].name == name) return static_cast<lb::MethodNumber>(i);
  }
  return std::nullopt;
}

}  // namespace dataplane
