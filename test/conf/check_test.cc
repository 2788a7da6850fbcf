// Values that are right alone and wrong together: this text earns exactly these lines.
#include <catch2/catch.hpp>

#include "test/conf/support.h"

using conf_test::check_verdicts;
using conf_test::file;
using conf_test::file_with;
using conf_test::service;

namespace {

std::string interfaces(const std::string& list) { return file("[]", "[]", "[" + list + "]"); }

std::string addresses(const std::string& list) {
  return interfaces(R"({"name": "a", "device": "d", "addresses": [)" + list + "]}");
}

std::string neighbours(const std::string& list) {
  return interfaces(
      R"({"name": "a", "device": "d", "addresses": ["10.0.0.1/24"], "neighbours": [)" + list +
      "]}");
}

std::string server(const std::string& address, const std::string& keys = "") {
  return file(service("[{\"address\": \"" + address + "\"}]", keys));
}

}  // namespace

TEST_CASE("interfaces share no name, no device and no address") {
  check_verdicts(
      {{interfaces(R"({"name": "a", "device": "d"}, {"name": "a", "device": ["e", "d"]})"),
        "/interfaces/1/name: found \"a\", expected a different name than at /interfaces/0/name\n"
        "/interfaces/1/device/1: found \"d\", expected a different device than at "
        "/interfaces/0/device"},
       {interfaces(R"({"name": "a", "device": ["d", "d"]})"),
        "/interfaces/0/device/1: found \"d\", expected a different device than at "
        "/interfaces/0/device/0"},
       {interfaces(R"({"name": "a", "device": [1]}, {"name": "b", "device": [2]})"),
        "/interfaces/0/device/0: found 1, expected a device name or PCI address of at most 63 "
        "characters\n"
        "/interfaces/1/device/0: found 2, expected a device name or PCI address of at most 63 "
        "characters"},
       {interfaces(R"({"name": "a", "device": "d", "addresses": ["10.0.0.1/24"]},
                        {"name": "b", "device": "e", "addresses": ["10.0.0.1/25"]})"),
        "/interfaces/1/addresses/0: found \"10.0.0.1/25\", expected a different address than at "
        "/interfaces/0/addresses/0"}});
}

TEST_CASE("an interface's address that cannot be read makes no route wrong") {
  check_verdicts(
      {{file("[]", R"([{"destination": "0.0.0.0/0", "gateway": "10.0.0.9"}])",
             R"([{"name": "a", "device": "d", "addresses": ["10.0.0.1", "10.0.0.2/24"]}])"),
        "/interfaces/0/addresses/0: found \"10.0.0.1\", expected an address with prefix "
        "length such as \"192.0.2.1/24\""}});
}

TEST_CASE("an interface's address is that of a host") {
  const std::string at = "/interfaces/0/addresses/0: found ";
  check_verdicts(
      {{addresses(R"("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/32")"), "ok"},
       {addresses(R"("10.0.0.0/31", "10.0.0.1/31", "10.0.0.7/32")"), "ok"},
       {addresses(R"("0.0.0.0/0")"), at + "\"0.0.0.0/0\", expected a host's address"},
       {addresses(R"("127.0.0.1/8")"), at + "\"127.0.0.1/8\", expected a host's address"},
       {addresses(R"("239.1.1.1/24")"), at + "\"239.1.1.1/24\", expected a host's address"},
       {addresses(R"("10.0.0.0/24")"),
        at + "\"10.0.0.0/24\", expected a host's address, not that of the network"},
       {addresses(R"("10.0.0.3/30")"),
        at + "\"10.0.0.3/30\", expected a host's address, not the broadcast address"}});
}

TEST_CASE("prefixes of two interfaces do not overlap") {
  const auto two = [](const std::string& one, const std::string& other) {
    return interfaces(R"({"name": "a", "device": "d", "addresses": [")" + one +
                      R"("]}, {"name": "b", "device": "e", "addresses": [")" + other + "\"]}");
  };
  check_verdicts({{two("10.0.0.1/24", "10.0.1.1/24"), "ok"},
                  {two("10.0.0.1/24", "10.0.0.9/32"), "ok"},
                  {two("10.0.0.1/24", "10.0.0.2/24"),
                   "/interfaces/1/addresses/0: found \"10.0.0.2/24\", expected a prefix apart from "
                   "10.0.0.0/24 of another interface, at /interfaces/0/addresses/0"},
                  {two("10.1.0.1/16", "10.2.0.1/8"),
                   "/interfaces/1/addresses/0: found \"10.2.0.1/8\", expected a prefix apart from "
                   "10.1.0.0/16 of another interface, at /interfaces/0/addresses/0"}});
}

TEST_CASE("a static neighbour is one other host, once") {
  const auto one = [](const std::string& address, const std::string& mac) {
    return neighbours(R"({"address": ")" + address + R"(", "mac": ")" + mac + "\"}");
  };
  const std::string mac = "/interfaces/0/neighbours/0/mac: found ";
  const std::string address = "/interfaces/0/neighbours/0/address: found ";
  check_verdicts(
      {{one("10.0.0.2", "02:00:00:00:00:02"), "ok"},
       {one("172.16.0.1", "02:00:00:00:00:02"), "ok"},
       {one("10.0.0.2", "00:00:00:00:00:00"),
        mac + "\"00:00:00:00:00:00\", expected the MAC address of one host"},
       {one("10.0.0.2", "FF:FF:FF:FF:FF:FF"),
        mac + "\"ff:ff:ff:ff:ff:ff\", expected the MAC address of one host"},
       {one("224.0.0.5", "02:00:00:00:00:02"),
        address + "\"224.0.0.5\", expected a host's address"},
       {one("10.0.0.255", "02:00:00:00:00:02"),
        address + "\"10.0.0.255\", expected a host's address, not the network or broadcast address "
                  "of 10.0.0.0/24"},
       {one("10.0.0.1", "02:00:00:00:00:02"),
        address + "\"10.0.0.1\", expected another host's address, not one of the director's"},
       {neighbours(R"({"address": "10.0.0.2", "mac": "02:00:00:00:00:02"},
                        {"address": "10.0.0.2", "mac": "02:00:00:00:00:03"})"),
        "/interfaces/0/neighbours/1/address: found \"10.0.0.2\", expected a different neighbour "
        "than at /interfaces/0/neighbours/0/address"}});
}

TEST_CASE("a route leads to a network, once, by a router that is on-link") {
  const auto route = [](const std::string& destination, const std::string& gateway) {
    return file("[]",
                R"([{"destination": ")" + destination + R"(", "gateway": ")" + gateway + "\"}]");
  };
  const std::string gateway = "/routes/0/gateway: found ";
  check_verdicts(
      {{route("0.0.0.0/0", "192.168.22.1"), "ok"},
       {route("10.0.0.1/8", "192.168.22.1"),
        "/routes/0/destination: found \"10.0.0.1/8\", expected \"10.0.0.0/8\", without host bits"},
       {route("10.0.0.0/8", "10.0.0.1"),
        gateway + "\"10.0.0.1\", expected an address in an interface's prefix or of a static "
                  "neighbour"},
       {route("10.0.0.0/8", "192.168.11.11"),
        gateway + "\"192.168.11.11\", expected a router's address, not one of the director's"},
       {route("10.0.0.0/8", "192.168.11.0"),
        gateway + "\"192.168.11.0\", expected a host's address, not the network or broadcast "
                  "address of 192.168.11.0/24"},
       {route("10.0.0.0/8", "0.0.0.0"), gateway + "\"0.0.0.0\", expected a host's address"},
       {file("[]", R"([{"destination": "10.0.0.0/8", "gateway": "192.168.22.1"},
                         {"destination": "10.0.0.0/8", "gateway": "192.168.22.2"}])"),
        "/routes/1/destination: found \"10.0.0.0/8\", expected a different destination than at "
        "/routes/0/destination"},
       {file("[]", R"([{"destination": "192.168.11.0/24", "gateway": "192.168.22.1"}])"),
        "/routes/0/destination: found \"192.168.11.0/24\", expected no destination that interface "
        "lan has on its link"},
       {file("[]", R"([{"destination": "10.0.0.0/8", "gateway": "172.16.0.1"}])",
             R"([{"name": "a", "device": "d",
                    "neighbours": [{"address": "172.16.0.1", "mac": "02:00:00:00:00:02"}]}])"),
        "ok"}});
}

TEST_CASE("metrics are served where the kernel has an address") {
  const auto metrics = [](const std::string& address, const std::string& more = "") {
    return R"({"interfaces": [{"name": "wan", "device": "d", "addresses": ["192.168.22.11/24"])" +
           more + R"(}], "control": {"metrics": ")" + address + "\"}}";
  };
  check_verdicts(
      {{metrics("127.0.0.1:9105"), "ok"},
       {metrics("192.168.22.11:9105"),
        "/control/metrics: found \"192.168.22.11:9105\", expected an address that the kernel has: "
        "that of interface wan is lbd's alone, for want of a kernel_interface"},
       {metrics("192.168.22.11:9105", R"(, "kernel_interface": "lb-wan")"), "ok"}});
}

TEST_CASE("services share no name and no protocol with address") {
  check_verdicts(
      {{file(R"([{"protocol": "tcp", "address": "192.168.22.11:53", "name": "json"}])"),
        "/services/0/name: found \"json\", expected another name: as the last word of a command it "
        "asks for its reply in JSON"},
       {file(R"([{"protocol": "tcp", "address": "192.168.22.11:53"},
                   {"protocol": "udp", "address": "192.168.22.11:53"}])"),
        "ok"},
       {file(R"([{"protocol": "tcp", "address": "192.168.22.11:80", "name": "web"},
                   {"protocol": "tcp", "address": "192.168.22.11:80", "name": "web"}])"),
        "/services/1/address: found \"tcp:192.168.22.11:80\", expected a different protocol and "
        "address than at /services/0/address\n"
        "/services/1/name: found \"web\", expected a different name than at /services/0/name"},
       {file(R"([{"protocol": "tcp", "address": "127.0.0.1:80"},
                   {"protocol": "tcp", "address": "192.168.11.255:80"},
                   {"protocol": "tcp", "address": "172.16.0.1:80"}])"),
        "/services/0/address: found \"127.0.0.1\", expected a host's address\n"
        "/services/1/address: found \"192.168.11.255\", expected a host's address, not the "
        "network or broadcast address of 192.168.11.0/24"}});
}

TEST_CASE("a real server is another host, once in its service, that the director reaches") {
  const std::string at = "/services/0/servers/0/address: found ";
  const std::string own =
      ", expected another host's address: the director cannot be its own real server";
  const std::string servers =
      R"([{"address": "192.168.11.100"}, {"address": "192.168.11.100:80"}])";
  check_verdicts(
      {{server("192.168.11.100:8080"), "ok"},
       {file(service("[]")), "ok"},
       {server("192.168.11.11:8080"), at + "\"192.168.11.11\"" + own},
       {file(R"([{"protocol": "tcp", "address": "192.168.11.110:80"},
                   {"protocol": "tcp", "address": "192.168.22.11:80",
                    "servers": [{"address": "192.168.11.110"}]}])"),
        "/services/1/servers/0/address: found \"192.168.11.110\"" + own},
       {server("127.0.0.1"), at + "\"127.0.0.1\", expected a host's address"},
       {server("192.168.11.255"),
        at + "\"192.168.11.255\", expected a host's address, not the network or broadcast address "
             "of 192.168.11.0/24"},
       {server("10.9.9.9"),
        at + "\"10.9.9.9\", expected an address that an interface's prefix, a static neighbour or "
             "a route reaches"},
       {file(service(R"([{"address": "10.9.9.9"}])"),
             R"([{"destination": "10.0.0.0/8", "gateway": "192.168.22.1"}])"),
        "ok"},
       {file(service(servers)),
        "/services/0/servers/1/address: found \"192.168.11.100:80\", expected a different address "
        "than at /services/0/servers/0/address"}});
}

TEST_CASE("a method that keeps the port or crosses no router binds its servers, and only them") {
  const std::string at = "/services/0/servers/0/address: found ";
  const std::string dr = R"("forward": "dr", )";
  const std::string tunnel = R"("forward": "tunnel", )";
  const std::string routes = R"([{"destination": "0.0.0.0/0", "gateway": "192.168.22.1"}])";
  const std::string inside = R"([{"destination": "192.168.11.100/32", "gateway": "192.168.22.1"}])";
  const std::string on_link =
      ", expected an address in an interface's prefix or of a static neighbour, and behind no "
      "route: forwarding by \"dr\" crosses no router";
  check_verdicts(
      {{server("192.168.11.100", dr), "ok"},
       {server("192.168.11.100:80", dr), "ok"},
       {server("192.168.11.100:8080", dr),
        at + "\"192.168.11.100:8080\", expected the service's port 80: forwarding by \"dr\" keeps "
             "the port"},
       {file(service(R"([{"address": "192.168.11.100:8080", "forward": "nat"}])", dr)), "ok"},
       {file(service(R"([{"address": "192.168.11.100:8080", "forward": "dr"}])")),
        at + "\"192.168.11.100:8080\", expected the service's port 80: forwarding by \"dr\" keeps "
             "the port"},
       {file(service(R"([{"address": "10.9.9.9"}])", dr), routes), at + "\"10.9.9.9\"" + on_link},
       {file(service(R"([{"address": "192.168.11.100"}])", dr), inside),
        at + "\"192.168.11.100\"" + on_link},
       {file(service(R"([{"address": "192.168.11.101"}])", dr), inside), "ok"},
       {file(service(R"([{"address": "10.9.9.9"}])"), routes), "ok"},
       {file(service(R"([{"address": "10.9.9.9"}])", tunnel), routes), "ok"},
       {file(service(R"([{"address": "10.9.9.9:8080"}])", tunnel), routes),
        at + "\"10.9.9.9:8080\", expected the service's port 80: forwarding by \"tunnel\" keeps "
             "the port"}});
}

TEST_CASE("a method that sends from the director's own address needs an interface that has one") {
  const auto interfaces = [](const std::string& wan) {
    return R"([{"name": "wan", "device": "a")" + wan +
           R"(}, {"name": "lan", "device": "b", "neighbours": [
               {"address": "192.168.11.100", "mac": "02:00:00:00:00:01"}]}])";
  };
  const std::string servers = R"([{"address": "192.168.11.100"}])";
  const std::string tunnel = service(servers, R"("forward": "tunnel", )");
  const std::string own = R"(, "addresses": ["192.168.33.1/24"])";
  check_verdicts({{file(tunnel, "[]", interfaces(own)), "ok"},
                  {file(service(servers), "[]", interfaces("")), "ok"},
                  {file(tunnel, "[]", interfaces("")),
                   "/services/0/servers/0/address: found \"192.168.11.100\", expected an interface "
                   "with an address: forwarding by \"tunnel\" sends from the director's own"}});
}

TEST_CASE("only a persistent service may have every port, and its servers none of their own") {
  const auto every_port = [](const std::string& keys, const std::string& servers) {
    return file(R"([{"protocol": "tcp", "address": "192.168.22.11:0", )" + keys + R"("servers": )" +
                servers + "}]");
  };
  const std::string persistent = R"("persistence_timeout": 360, )";
  check_verdicts(
      {{every_port(persistent, R"([{"address": "192.168.11.100"}])"), "ok"},
       {every_port("", "[]"),
        "/services/0/address: found \"192.168.22.11:0\", expected a port from 1 to 65535: only "
        "a service with a persistence_timeout may have every port"},
       {every_port(persistent, R"([{"address": "192.168.11.100:80"}])"),
        "/services/0/servers/0/address: found \"192.168.11.100:80\", expected an address "
        "without port: the service has every port"}});
}

TEST_CASE("what a service's options cannot be together is refused") {
  check_verdicts(
      {{file(R"([{"protocol": "udp", "address": "192.168.22.11:53", "sloppy_tcp": true}])"),
        "/services/0/sloppy_tcp: found true, expected false: only TCP begins with a SYN"},
       {file(service("[]", R"("one_packet": true, )")),
        "/services/0/one_packet: found true, expected false: only UDP is scheduled by the "
        "packet"},
       {file(service("[]", R"("persistence_netmask": "255.255.255", )")),
        "/services/0/persistence_netmask: found \"255.255.255\", expected an IPv4 netmask such "
        "as \"255.255.255.0\""},
       {server("192.168.11.100:80\", \"upper_threshold\": 5, \"lower_threshold\": 6, \"state\": "
               "\"drain"),
        "/services/0/servers/0/lower_threshold: found 6, expected at most the upper_threshold, "
        "5"},
       {server("192.168.11.100:80\", \"upper_threshold\": 5, \"lower_threshold\": 5, \"state\": "
               "\"drain"),
        "ok"}});
}

TEST_CASE("sockets share no path") {
  check_verdicts(
      {{file_with(R"("control": {"sockets": [{"path": "/a"}, {"path": "/b"}, {"path": "/a"}]})"),
        "/control/sockets/2/path: found \"/a\", expected a different path than at "
        "/control/sockets/0/path"}});
}

TEST_CASE("one fault is reported once: what it makes unknown is not complained about") {
  const std::string far = service(R"([{"address": "10.9.9.9"}])");
  const std::string route = R"([{"destination": "10.0.0.0/8", "gateway": "192.168.22.1"}])";
  check_verdicts(
      {// An interface whose addresses nobody can know.
       {file(far, route, R"([{"name": "a", "device": "d", "adresses": ["192.168.22.11/24"]}])"),
        "/interfaces/0/adresses: unknown key; did you mean \"addresses\"?"},
       {file(far, route, R"([{"name": "a", "device": "d", "addresses": ["192.168.22.11"]}])"),
        "/interfaces/0/addresses/0: found \"192.168.22.11\", expected an address with prefix "
        "length such as \"192.0.2.1/24\""},
       // A route that may have led there.
       {file(far, R"([{"destination": "10.0.0.0/8/", "gateway": "192.168.22.1"}])"),
        "/routes/0/destination: found \"10.0.0.0/8/\", expected an address with prefix length "
        "such as \"192.0.2.1/24\""},
       {R"({"interfaces": )" + std::string(conf_test::kTwoArms) + R"(, "services": )" + far +
            R"(, "rotues": )" + route + "}",
        "/rotues: unknown key; did you mean \"routes\"?"},
       // A mistyped key is not missing as well.
       {R"({"interface": [], "services": )" + far + "}",
        "/interface: unknown key; did you mean \"interfaces\"?"},
       // A service whose method or port nobody can know.
       {server("192.168.11.100:8080", R"("forward": "d", )"),
        "/services/0/forward: found \"d\", expected one of \"nat\", \"dr\", \"tunnel\"; did you "
        "mean \"dr\"?"},
       {file(R"([{"protocol": "tcp", "address": "192.168.22.11", "forward": "dr",
                    "servers": [{"address": "192.168.11.100:80"}, {"address": "192.168.11.100"}]}])"),
        "/services/0/address: found \"192.168.22.11\", expected \"IP:port\" with a port from 1 to "
        "65535"}});
}
