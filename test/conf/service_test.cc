// A service by itself, as a command brings it: its text, and what it must not have in common with
// the configuration that it is to join.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "conf/write.h"
#include "test/conf/support.h"

using conf::Config;
using conf::Service;
using conf_test::vocabulary;

namespace {

std::string lines(const std::vector<conf::Error>& errors) {
  std::string text;
  for (const conf::Error& error : errors) text += (text.empty() ? "" : "\n") + error.to_string();
  return text.empty() ? "ok" : text;
}

std::string verdict(const std::string& text) {
  const auto service = conf::load_service(text, vocabulary());
  return service ? "ok" : lines(service.error());
}

Service service(const std::string& text) {
  INFO(verdict(text));
  const auto loaded = conf::load_service(text, vocabulary());
  REQUIRE(loaded);
  return *loaded;
}

// web with two servers, dns without and over both protocols, and what leaves the lan through wan
// gets ports 2000 to 2999.
Config cluster() {
  const std::string text = R"({
    "interfaces": [{"name": "wan", "device": "d0", "addresses": ["192.168.22.11/24"]},
                   {"name": "lan", "device": "d1", "addresses": ["192.168.11.11/24"]}],
    "masquerade": [{"source": "192.168.11.0/24", "interface": "wan", "ports": "2000-2999"}],
    "services": [
      {"name": "web", "protocol": "tcp", "address": "192.168.22.11:80",
       "servers": [{"address": "192.168.11.100"}, {"address": "192.168.11.101"}]},
      {"protocol": "udp", "address": "192.168.22.12:53"},
      {"protocol": "tcp", "address": "192.168.22.12:53"}]})";
  INFO(conf_test::verdict(text));
  const auto config = conf::load(text, vocabulary());
  REQUIRE(config);
  return *config;
}

std::string joins(const std::string& text, std::optional<size_t> place = {}) {
  return lines(conf::check_service(cluster(), service(text), place, vocabulary()));
}

}  // namespace

TEST_CASE("a service's text is read as it would be in the file") {
  const Service web = service(R"({"protocol": "tcp", "address": "192.168.22.11:80",
      "servers": [{"address": "192.168.11.100", "weight": 3}, {"address": "192.168.11.101:81"}]})");
  CHECK(web.name == "tcp:192.168.22.11:80");
  CHECK(web.scheduler == "wlc");
  REQUIRE(web.servers.size() == 2);
  CHECK(web.servers[0].address == *lb::Endpoint::parse("192.168.11.100:80"));
  CHECK(web.servers[0].weight == 3);
  CHECK(web.servers[1].address.port == 81);
}

TEST_CASE("errors of a service's text point into it") {
  CHECK(verdict("{") != "ok");
  CHECK(verdict("[]") == "found an empty list, expected an object");
  CHECK(verdict(R"({"address": "192.168.22.11:80"})") ==
        "missing key \"protocol\", expected one of \"tcp\", \"udp\"");
  CHECK(verdict(R"({"protocol": "tcp", "address": "192.168.22.11:80", "schduler": "rr"})") ==
        "/schduler: unknown key; did you mean \"scheduler\"?");
  CHECK(verdict(R"({"protocol": "tcp", "address": "192.168.22.11:80",
                    "servers": [{"address": "192.168.11.100", "weight": 65536}]})") ==
        "/servers/0/weight: found 65536, expected a whole number from 0 to 65535");
}

TEST_CASE("every key of a service and of a server survives being written") {
  const std::string text = GENERATE(
      R"({"name": "all", "protocol": "tcp", "address": "192.168.22.11:0", "scheduler": "wrr",
          "forward": "dr", "persistence_timeout": 300, "persistence_netmask": "255.255.0.0",
          "expire_quiescent_template": true, "slow_start": 60,
          "servers": [{"address": "192.168.11.100", "weight": 0, "state": "drain",
                       "upper_threshold": 100, "lower_threshold": 50},
                      {"address": "192.168.11.101", "state": "maint", "forward": "tunnel"}]})",
      R"({"protocol": "udp", "address": "192.168.22.11:53", "one_packet": true,
          "servers": [{"address": "192.168.11.100:5353", "upper_threshold": 65535}]})");
  const Service before = service(text);
  CHECK(service(conf::to_json(before).dump()) == before);
  // And as part of a file.
  Config config = cluster();
  config.services = {before};
  REQUIRE(lines(conf::check_config(config, vocabulary())) == "ok");
  const auto again = conf::load(conf::to_json(config).dump(), vocabulary());
  REQUIRE(again);
  CHECK(*again == config);
}

TEST_CASE("a service that has nothing in common with others may join them") {
  CHECK(joins(R"({"name": "other", "protocol": "tcp", "address": "192.168.22.13:80",
                  "servers": [{"address": "192.168.11.100"}]})") == "ok");
  CHECK(joins(R"({"protocol": "udp", "address": "192.168.22.11:80"})") == "ok");
}

TEST_CASE("a service may be what it is in its own place, and nowhere else") {
  const std::string web = R"({"name": "web", "protocol": "tcp", "address": "192.168.22.11:80"})";
  CHECK(joins(web, 0) == "ok");
  CHECK(joins(web) ==
        "/name: found \"web\", expected a different name than that of tcp:192.168.22.11:80\n"
        "/address: found \"tcp:192.168.22.11:80\", expected a different protocol and address than "
        "those of web");
  CHECK(joins(web, 1) != "ok");
}

TEST_CASE("no two services have one name or one address") {
  CHECK(joins(R"({"name": "web", "protocol": "tcp", "address": "192.168.22.13:80"})") ==
        "/name: found \"web\", expected a different name than that of tcp:192.168.22.11:80");
  CHECK(joins(R"({"name": "mine", "protocol": "udp", "address": "192.168.22.12:53"})") ==
        "/address: found \"udp:192.168.22.12:53\", expected a different protocol and address than "
        "those of udp:192.168.22.12:53");
}

TEST_CASE("no service's address is another's real server, and the other way round") {
  CHECK(
      joins(R"({"protocol": "tcp", "address": "192.168.11.101:443"})") ==
      "/address: found \"192.168.11.101:443\", expected an address that no real server of web has");
  CHECK(
      joins(R"({"protocol": "tcp", "address": "192.168.22.13:80",
                  "servers": [{"address": "192.168.11.100"}, {"address": "192.168.22.12"}]})") ==
      "/servers/1/address: found \"192.168.22.12\", expected another host's address: the director "
      "cannot be its own real server");
  CHECK_THAT(joins(R"({"protocol": "tcp", "address": "192.168.22.13:80",
                       "servers": [{"address": "192.168.22.13"}]})"),
             Catch::StartsWith("/servers/0/address: found \"192.168.22.13\""));
}

TEST_CASE("what is wrong with a service by itself and beside others is said once") {
  CHECK(
      joins(R"({"protocol": "tcp", "address": "192.168.22.13:80",
                  "servers": [{"address": "192.168.22.11"}]})") ==
      "/servers/0/address: found \"192.168.22.11\", expected another host's address: the director "
      "cannot be its own real server");
}

TEST_CASE("a server's IPv6 address is refused by its name, whoever has made it") {
  Service web = service(R"({"protocol": "tcp", "address": "192.168.22.13:80"})");
  web.servers.emplace_back().address = *lb::Endpoint::parse("[2001:db8::1]:80");
  CHECK(
      lines(conf::check_service(cluster(), web, {}, vocabulary())) ==
      "/servers/0/address: found \"2001:db8::1\", expected an IPv4 address: IPv6 is not supported "
      "yet");
}

TEST_CASE("a service has none of masquerade's ports of that address") {
  CHECK_THAT(joins(R"({"protocol": "tcp", "address": "192.168.22.11:2500"})"),
             Catch::StartsWith("/address: found \"192.168.22.11:2500\", expected a port outside of "
                               "2000-2999, masquerade's range of this address"));
  CHECK(joins(R"({"protocol": "tcp", "address": "192.168.22.11:3000"})") == "ok");
  CHECK(joins(R"({"protocol": "tcp", "address": "192.168.22.12:2500"})") == "ok");
}

TEST_CASE("what is wrong with a service by itself is said with pointers into it") {
  for (const char* address : {"240.0.0.1", "0.1.2.3", "127.0.0.1", "224.0.0.1"}) {
    CHECK(joins(fmt::format(R"({{"protocol": "tcp", "address": "{}:80"}})", address)) ==
          fmt::format("/address: found \"{}\", expected a host's address", address));
  }
  CHECK(joins(R"({"protocol": "tcp", "address": "192.168.22.13:80",
                  "servers": [{"address": "192.168.11.100"}, {"address": "172.16.0.1"}]})") ==
        "/servers/1/address: found \"172.16.0.1\", expected an address that an interface's prefix, "
        "a static neighbour or a route reaches");
  CHECK(joins(R"({"protocol": "tcp", "address": "192.168.22.13:80",
                  "servers": [{"address": "192.168.11.100"}, {"address": "192.168.11.100"}]})") ==
        "/servers/1/address: found \"192.168.11.100:80\", expected a different address than at "
        "/servers/0/address");
  CHECK(joins(R"({"protocol": "tcp", "address": "192.168.22.13:80", "servers":
                  [{"address": "192.168.11.100", "upper_threshold": 4, "lower_threshold": 5}]})") ==
        "/servers/0/lower_threshold: found 5, expected at most the upper_threshold, 4");
}
