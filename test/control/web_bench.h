// A director that runs with one service, "web", and its two servers, for changes to be made.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "test/control/live_bench.h"

namespace control::test {

inline constexpr Farewell kForce{Farewell::Kind::kCut, {}};

inline std::string cluster(const std::string& services, const std::string& more = "") {
  return R"({
    "interfaces": [
      {"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"],
       "neighbours": [{"address": "10.1.0.10", "mac": "02:00:0a:01:00:0a"}]},
      {"name": "lan", "device": "b", "addresses": ["10.2.0.1/24"],
       "neighbours": [{"address": "10.2.0.11", "mac": "02:00:0a:02:00:0b"},
                      {"address": "10.2.0.12", "mac": "02:00:0a:02:00:0c"}]}],
    "services": [)" +
         services + "]" + more + "}";
}

inline std::string web(const std::string& servers,
                       const std::string& keys = R"("scheduler": "rr", )") {
  return R"({"name": "web", "protocol": "tcp", "address": "10.1.0.100:80", )" + keys +
         R"("servers": [)" + servers + "]}";
}

inline const std::string kFirst = R"({"address": "10.2.0.11"})";
inline const std::string kSecond = R"({"address": "10.2.0.12"})";
inline const std::string kBoth = kFirst + "," + kSecond;

struct WebBench : LiveBench {
  WebBench() : LiveBench(cluster(web(kBoth))) {}

  ServiceKey key() { return key_of(*find("web")); }
  Change remove(const char* address, const Farewell& farewell = {}) {
    return changes.edit_service(
        key(),
        [&](conf::Service& service) -> Change {
          std::erase_if(service.servers, [&](const conf::Server& server) {
            return server.address == *lb::Endpoint::parse(address);
          });
          return {};
        },
        farewell);
  }
  Change edit(const std::function<void(conf::Service&)>& change) {
    return changes.edit_service(key(),
                                [&](conf::Service& service) -> Change {
                                  change(service);
                                  return {};
                                },
                                {});
  }
  std::vector<std::string> from_client(const char* client, const char* flags) {
    workers->sent();
    workers->receive(0,
                     dataplane_test::tcp(client, "10.1.0.100:80").flags(flags).seq(1001).ack(5001));
    return workers->sent();
  }
  // Where a client's packet goes.
  std::string server_of(const char* client, const char* flags) {
    const std::vector<std::string> out = from_client(client, flags);
    REQUIRE(out.size() == 1);
    const size_t at = out[0].find('>') + 1;
    return out[0].substr(at, out[0].find(' ', at) - at);
  }
  // Two connections, one at each server.
  void open_two() {
    CHECK(server_of("10.1.0.10:1", "S") == "10.2.0.11:80");
    CHECK(server_of("10.1.0.10:2", "S") == "10.2.0.12:80");
    from_client("10.1.0.10:1", "A");
    from_client("10.1.0.10:2", "A");
  }
};

}  // namespace control::test
