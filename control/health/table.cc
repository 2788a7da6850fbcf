#include "control/health/table.h"

#include "control/health/command.h"
#include "control/health/dns.h"
#include "control/health/http.h"
#include "control/health/https.h"
#include "control/health/options.h"
#include "control/health/ping.h"
#include "control/health/tcp.h"
#include "control/health/udp.h"

namespace control::health {
namespace {

using Port = conf::CheckType::Port;

constexpr Type kTable[] = {
    {"tcp", "a connection can be opened", Port::kNeeded, no_options, make_tcp},
    {"http", "a request is answered with the right status and text", Port::kNeeded, http_options,
     make_http, http_contradiction},
    {"https", "the same over TLS", Port::kNeeded, https_options, make_https, http_contradiction},
    {"udp", "a datagram earns no error, or the right answer", Port::kNeeded, udp_options, make_udp},
    {"dns", "a question is answered", Port::kNeeded, dns_options, make_dns, dns_contradiction},
    {"ping", "an ICMP echo is answered", Port::kNone, no_options, make_ping},
    {"command", "a program ends with status 0", Port::kOptional, command_options, make_command},
};

}  // namespace

std::span<const Type> table() { return kTable; }

std::vector<conf::CheckType> described() {
  std::vector<conf::CheckType> result;
  for (const Type& type : kTable) {
    result.push_back({std::string(type.name), std::string(type.summary), type.port, type.options(),
                      type.contradiction});
  }
  return result;
}

const Type* find(std::string_view name) {
  for (const Type& type : kTable) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace control::health
