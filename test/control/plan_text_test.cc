// Differences in words.
#include "control/plan_text.h"

#include <catch2/catch.hpp>

#include "conf/load.h"
#include "control/vocabulary.h"

namespace control {
namespace {

conf::Config config(const std::string& services, const std::string& more = "") {
  const std::string text = R"({
    "interfaces": [{"name": "wan", "device": "a", "addresses": ["192.168.22.11/24"]},
                   {"name": "lan", "device": "b", "addresses": ["192.168.11.11/24"]}],
    "services": [)" + services +
                           "]" + more + "}";
  auto loaded = conf::load(text, vocabulary());
  if (!loaded) FAIL(loaded.error()[0].to_string());
  return std::move(*loaded);
}

std::string planned(const std::string& servers, const std::string& keys = "") {
  return R"({"name": "web", "protocol": "tcp", "address": "192.168.22.11:80", )" + keys +
         R"("servers": [)" + servers + "]}";
}

const std::string kFirstPlanned = R"({"address": "192.168.11.100"})";
const std::string kSecondPlanned = R"({"address": "192.168.11.101"})";

using Lines = std::vector<std::string>;

// 192.168.11.N has as many connections as the map says.
Lines plan(const conf::Config& before, const conf::Config& after,
           const std::map<std::string, uint64_t>& connections = {}) {
  return plan_text(conf::difference(before, after),
                   [&](const ServiceKey& key, const lb::Endpoint* server) {
                     CHECK(key.address.port != 0);
                     uint64_t sum = 0;
                     for (const auto& [address, count] : connections) {
                       if (server == nullptr || server->address.to_string() == address)
                         sum += count;
                     }
                     return sum;
                   });
}

TEST_CASE("plan: nothing differs, nothing is said") {
  CHECK(plan(config(planned(kFirstPlanned)), config(planned(kFirstPlanned))) == Lines{});
}

TEST_CASE("plan: a server leaves with what it has") {
  const auto [connections, drain] = GENERATE(table<uint64_t, std::string>(
      {{0, "no connections"}, {1, "1 connection drains"}, {1204, "1,204 connections drain"}}));
  CHECK(plan(config(planned(kFirstPlanned + "," + kSecondPlanned)), config(planned(kFirstPlanned)),
             {{"192.168.11.101", connections}}) ==
        Lines{"server 192.168.11.101:80 of web leaves, " + drain});
}

TEST_CASE("plan: a service leaves with what all its servers have") {
  CHECK(plan(config(planned(kFirstPlanned + "," + kSecondPlanned)), config(""),
             {{"192.168.11.100", 1000}, {"192.168.11.101", 234}}) ==
        Lines{"service web leaves, 1,234 connections drain"});
}

TEST_CASE("plan: a service and a server come") {
  CHECK(plan(config(""), config(planned(kFirstPlanned))) ==
        Lines{"service web comes: tcp 192.168.22.11:80, wlc, 1 server"});
  CHECK(plan(config(""),
             config(planned(kFirstPlanned + "," + kSecondPlanned, R"("scheduler": "rr", )"))) ==
        Lines{"service web comes: tcp 192.168.22.11:80, rr, 2 servers"});
  CHECK(plan(config(planned("")), config(planned(R"({"address": "192.168.11.100", "weight": 3,
                                             "forward": "dr"})"))) ==
        Lines{"server 192.168.11.100:80 of web comes: weight 3, dr"});
}

TEST_CASE("plan: what changes is told with both values") {
  CHECK(plan(config(planned(kFirstPlanned)),
             config(planned(R"({"address": "192.168.11.100", "weight": 3})",
                            R"("scheduler": "rr", "slow_start": 5, )"))) ==
        Lines{"service web: scheduler \"wlc\" becomes \"rr\", slow_start 0 becomes 5",
              "server 192.168.11.100:80 of web: weight 1 becomes 3"});
  CHECK(plan(config(planned(kFirstPlanned + "," + kSecondPlanned)),
             config(planned(kSecondPlanned + "," + kFirstPlanned))) ==
        Lines{"servers of web change their order"});
  CHECK(plan(config(""), config("", R"(, "routes": [{"destination": "0.0.0.0/0",
                                                     "gateway": "192.168.22.1"}])")) ==
        Lines{"routes [] becomes [{\"destination\":\"0.0.0.0/0\",\"gateway\":\"192.168.22.1\"}]"});
}

TEST_CASE("plan: a server that has every port is named without one") {
  const auto all = [](const std::string& servers) {
    return config(R"({"name": "all", "protocol": "tcp", "address": "192.168.22.11:0",
                      "persistence_timeout": 60, "servers": [)" +
                  servers + "]}");
  };
  const auto lines = plan_text(conf::difference(all(kFirstPlanned), all("")),
                               [](const ServiceKey&, const lb::Endpoint*) { return 2; });
  CHECK(lines == Lines{"server 192.168.11.100 of all leaves, 2 connections drain"});
}

TEST_CASE("plan: what needs a restart is named, and that nothing was changed") {
  const auto text = [](const std::string& more) {
    return restart_text(conf::difference(config(""), config("", more)));
  };
  CHECK(text(R"(, "mbufs": 512)") == "nothing was changed: /mbufs needs a restart of lbd");
  CHECK(text(R"(, "mbufs": 512, "eal": ["-x"])") ==
        "nothing was changed: /eal, /mbufs need a restart of lbd");
}

}  // namespace
}  // namespace control
