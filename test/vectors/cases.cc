#include "test/vectors/cases.h"

#include "test/vectors/edits.h"

namespace vectors_test {
namespace {

using enum Verdict;

constexpr const char* kQuotes =
    "quoted transport checksums are translated along with the quoted addresses";

// One line a case: what LVS was recorded to do, and whether lbd does the same.
constexpr Case kCases[] = {
    // clang-format off
    {"dr-mtu1400",                      kAsLvs, "", nullptr, 1400},
    {"dr-port-reuse-mode1",             kBetter, "a SYN on a closing connection is scheduled anew at once; in DR FIN_WAIT is the last state there is", reschedule_reuse},
    {"dr-state-client-close",           kAsLvs},
    {"dr-state-est-syn",                kAsLvs},
    {"dr-state-fin-then-syn",           kAsLvs},
    {"dr-state-rst",                    kAsLvs},
    {"dr-state-syn-rst",                kAsLvs},
    {"dr-state-syn-syn",                kAsLvs},
    {"dr-tcp-icmp-from-client-side",    kAsLvs},
    {"dr-tcp-normal",                   kAsLvs},
    {"dr-ttl2",                         kAsLvs},
    {"dr-udp-icmp-from-client-side",    kAsLvs},
    {"icmp-echo-vip",                   kAsLvs},
    {"icmp-error-unrelated",            kAsLvs},
    {"icmp-timestamp-vip",              kBetter, "RFC 1122 lets a host be silent (section 3.2.2.8), and strangers need not know the clock", answer_nothing},
    {"nat-bad-csum",                    kAsLvs},
    {"nat-bad-ip",                      kBetter, "a UDP length beyond the packet is dropped under its reason instead of being passed to a server", drop_the_last},
    {"nat-first-A-sloppy0",             kAsLvs},
    {"nat-first-A-sloppy1",             kAsLvs},
    {"nat-first-FA-sloppy0",            kAsLvs},
    {"nat-first-PA-sloppy0",            kAsLvs},
    {"nat-first-R-sloppy0",             kAsLvs},
    {"nat-first-R-sloppy1",             kAsLvs},
    {"nat-first-RA-sloppy0",            kAsLvs},
    {"nat-first-SA-sloppy0",            kAsLvs},
    {"nat-first-SA-sloppy1",            kAsLvs},
    {"nat-first-null-sloppy0",          kAsLvs},
    {"nat-mtu1400",                     kAsLvs, "", nullptr, 1400},
    {"nat-port-reuse-mode1",            kAsLvs},
    {"nat-port-translate",              kAsLvs},
    {"nat-reply-ttl",                   kAsLvs},
    {"nat-rs-unmatched-send0",          kAsLvs},
    {"nat-state-client-close",          kAsLvs},
    {"nat-state-est-rst-by-client",     kAsLvs},
    {"nat-state-est-rst-by-server",     kAsLvs},
    {"nat-state-est-syn",               kAsLvs},
    {"nat-state-fin-then-syn",          kAsLvs},
    {"nat-state-rst-then-syn",          kAsLvs},
    {"nat-state-server-close",          kAsLvs},
    {"nat-state-syn-retrans",           kAsLvs},
    {"nat-state-syn-rst-by-client",     kAsLvs},
    {"nat-state-syn-rst-by-server",     kAsLvs},
    {"nat-state-synack-lost-ack-data",  kAsLvs},
    {"nat-tcp-icmp-from-client-side",   kBetter, kQuotes, translate_quoted_checksums},
    {"nat-tcp-icmp-from-rs-side",       kBetter, kQuotes, translate_quoted_checksums},
    {"nat-tcp-normal",                  kAsLvs},
    {"nat-ttl1",                        kAsLvs},
    {"nat-ttl2",                        kAsLvs},
    {"nat-udp-csum0",                   kAsLvs},
    {"nat-udp-frag",                    kAsLvs},
    {"nat-udp-icmp-from-client-side",   kBetter, kQuotes, translate_quoted_checksums},
    {"nat-udp-port-change-csum0",       kAsLvs},
    {"persist-template",                kAsLvs},
    {"proto253-vip",                    kAsLvs},
    {"tcp-dr-weight0",                  kAsLvs},
    {"tcp-nat-weight0-wlc",             kAsLvs},
    {"tcp-nat-weight0-wrr",             kAsLvs},
    {"tcp-nat-weight0",                 kAsLvs},
    {"tcp-no-rs",                       kAsLvs},
    {"tcp-nonservice-port",             kAsLvs},
    {"tcp-overload",                    kAsLvs},
    {"tcp-rs-arp-fails",                kBetter, "the packet waits untouched, so that the quote is what the client sent, its TTL too; the answer may come a second later", quote_as_sent},
    {"tcp-tun-weight0",                 kAsLvs},
    {"tun-mtu-pmtudisc1",               kAsLvs},
    {"tun-outer-header",                kAsLvs},
    {"tun-state-client-close",          kAsLvs},
    {"tun-tcp-icmp-from-client-side",   kAsLvs},
    {"tun-tcp-normal",                  kAsLvs},
    {"tun-ttl1",                        kAsLvs},
    {"tun-udp-frag",                    kAsLvs},
    {"udp-dr-weight0",                  kAsLvs},
    {"udp-nat-weight0-wlc",             kAsLvs},
    {"udp-nat-weight0-wrr",             kAsLvs},
    {"udp-nat-weight0",                 kAsLvs},
    {"udp-no-rs",                       kAsLvs},
    {"udp-nonservice-port",             kAsLvs},
    {"udp-states",                      kAsLvs},
    {"udp-tun-weight0",                 kAsLvs},
    // clang-format on
};

}  // namespace

std::span<const Case> cases() { return kCases; }

}  // namespace vectors_test
