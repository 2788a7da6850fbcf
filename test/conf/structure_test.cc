// Wrong keys, types and forms: this text earns exactly these lines.
#include <catch2/catch.hpp>

#include "test/conf/support.h"

using conf_test::check_verdicts;
using conf_test::file;
using conf_test::file_with;
using conf_test::service;
using conf_test::verdict;

namespace {

const std::string kOneHost = R"([{"address": "192.168.11.100"}])";

}  // namespace

TEST_CASE("a file that is no object is one error") {
  check_verdicts({{"[]", "found an empty list, expected an object"},
                  {"[1]", "found a list, expected an object"},
                  {"\"x\"", "found \"x\", expected an object"},
                  {"17", "found 17, expected an object"},
                  {"null", "found null, expected an object"}});
}

TEST_CASE("missing keys are named, with what they should hold") {
  check_verdicts(
      {{"{}", "missing key \"interfaces\", expected a list"},
       {file("[{}]"),
        "/services/0: missing key \"protocol\", expected one of \"tcp\", \"udp\"\n"
        "/services/0: missing key \"address\", expected \"IP:port\" with a port from 1 to 65535"},
       {file("[]", "[]", R"([{"name": "a"}])"),
        "/interfaces/0: missing key \"device\", expected a device name or PCI address of at most "
        "63 characters or a list of such"}});
}

TEST_CASE("an unknown key is answered by the nearest known one, else by all") {
  check_verdicts(
      {{file(service(kOneHost, R"("shceduler": "rr", )")),
        "/services/0/shceduler: unknown key; did you mean \"scheduler\"?"},
       {file_with(R"("firewall": [])"),
        "/firewall: unknown key, expected one of \"eal\", \"interfaces\", \"routes\", "
        "\"services\", \"masquerade\", \"timeouts\", \"connections\", \"idle\", \"mbufs\", "
        "\"vips\", "
        "\"control\""},
       {file_with(R"("connections": {"capacity": 5, "a/b~c": 1})"),
        "/connections/a~1b~0c: unknown key, expected one of \"capacity\""},
       {file_with(R"("timeouts": {"\u001b[31m": 1, "tpc": 1})"),
        "/timeouts/\\u001b[31m: unknown key, expected one of \"tcp\", \"tcp_fin\", \"udp\", "
        "\"tcp_syn_recv\", \"tcp_close_wait\", \"tcp_time_wait\", \"tcp_close\"\n"
        "/timeouts/tpc: unknown key; did you mean \"tcp\"?"},
       {file_with(
            R"("rotues": [], "routes": [{"destination": "10.0.0.1/8", "gateway": "10.1.0.9"}])"),
        "/rotues: unknown key; did you mean \"routes\"?\n"
        "/routes/0/destination: found \"10.0.0.1/8\", expected \"10.0.0.0/8\", without host bits\n"
        "/routes/0/gateway: found \"10.1.0.9\", expected an address in an interface's prefix or of "
        "a "
        "static neighbour"}});
}

TEST_CASE("a wrong type names what was found and what was expected") {
  check_verdicts(
      {{file_with(R"("eal": "-l 0,1")"), "/eal: found \"-l 0,1\", expected a list"},
       {file_with(R"("eal": ["-l", 1])"),
        "/eal/1: found 1, expected an argument that is not empty"},
       {file_with(R"("eal": [""])"), "/eal/0: found \"\", expected an argument that is not empty"},
       {file_with(R"("eal": ["a\u0000b"])"),
        "/eal/0: found \"a\\u0000b\", expected an argument that is not empty"},
       {file_with(R"("routes": {})"), "/routes: found an object, expected a list"},
       {file_with(R"("timeouts": null)"), "/timeouts: found null, expected an object"},
       {file_with(R"("services": [true])"), "/services/0: found true, expected an object"}});
}

TEST_CASE("a number is whole and within its range") {
  const std::string range = ", expected a whole number from 1 to 134217728";
  const std::string seconds = ", expected a whole number from 1 to 31536000";
  check_verdicts(
      {{file_with(R"("connections": {"capacity": 134217728})"), "ok"},
       {file_with(R"("connections": {"capacity": 0})"), "/connections/capacity: found 0" + range},
       {file_with(R"("connections": {"capacity": 134217729})"),
        "/connections/capacity: found 134217729" + range},
       {file_with(R"("connections": {"capacity": 1e3})"),
        "/connections/capacity: found 1e3" + range},
       {file_with(R"("connections": {"capacity": 5.0})"),
        "/connections/capacity: found 5.0" + range},
       {file_with(R"("connections": {"capacity": 18446744073709551616})"),
        "/connections/capacity: found 18446744073709551616" + range},
       {file_with(R"("connections": {"capacity": -1})"), "/connections/capacity: found -1" + range},
       {file_with(R"("connections": {"capacity": "7"})"),
        "/connections/capacity: found \"7\"" + range},
       {file_with(R"("timeouts": {"tcp": 0, "udp": 31536001, "tcp_close": 31536000})"),
        "/timeouts/tcp: found 0" + seconds + "\n/timeouts/udp: found 31536001" + seconds},
       {file_with(R"("mbufs": 511)"),
        "/mbufs: found 511, expected a whole number from 512 to 16777215"},
       {file(service(R"([{"address": "192.168.11.100", "weight": 65536}])")),
        "/services/0/servers/0/weight: found 65536, expected a whole number from 0 to 65535"}});
}

TEST_CASE("a word that is not in its table is answered by the nearest one, if any") {
  check_verdicts(
      {{file(service(kOneHost, R"("scheduler": "wcl", )")),
        "/services/0/scheduler: found \"wcl\", expected one of \"rr\", \"wrr\", \"lc\", \"wlc\"; "
        "did you mean \"wlc\"?"},
       {file(service(kOneHost, R"("forward": "proxy", )")),
        "/services/0/forward: found \"proxy\", expected one of \"nat\", \"dr\", \"tunnel\""},
       {file(service(R"([{"address": "192.168.11.100", "forward": 1}])")),
        "/services/0/servers/0/forward: found 1, expected one of \"nat\", \"dr\", \"tunnel\""},
       {file_with(R"("control": {"sockets": [{"path": "/s", "level": "Admin"}]})"),
        "/control/sockets/0/level: found \"Admin\", expected one of \"admin\", \"read\"; did you "
        "mean \"admin\"?"}});
}

TEST_CASE("addresses have their form, and are IPv4") {
  const std::string endpoint = ", expected \"IP:port\" with a port from 1 to 65535";
  const std::string ipv4 = ", expected an IPv4 address: IPv6 is not supported yet";
  const auto vip = [](const std::string& address) {
    return file(R"([{"protocol": "udp", "address": ")" + address + "\"}]");
  };
  const auto server = [](const std::string& address) {
    return file(service(R"([{"address": ")" + address + "\"}]"));
  };
  check_verdicts(
      {{vip("192.168.22.11"), "/services/0/address: found \"192.168.22.11\"" + endpoint},
       {vip("192.168.22.11:65536"),
        "/services/0/address: found \"192.168.22.11:65536\"" + endpoint},
       {vip("www.example.org:80"), "/services/0/address: found \"www.example.org:80\"" + endpoint},
       {vip("192.168.022.11:80"), "/services/0/address: found \"192.168.022.11:80\"" + endpoint},
       {vip("[2001:db8::1]:80"), "/services/0/address: found \"[2001:db8::1]:80\"" + ipv4},
       {vip("2001:db8::1"), "/services/0/address: found \"2001:db8::1\"" + ipv4},
       {server("192.168.11.100:0"),
        "/services/0/servers/0/address: found \"192.168.11.100:0\"" + endpoint + ", or \"IP\""},
       {server("[2001:db8::1]"), "/services/0/servers/0/address: found \"[2001:db8::1]\"" + ipv4},
       {file("[]", R"([{"destination": "::/0", "gateway": "fe80::1"}])"),
        "/routes/0/destination: found \"::/0\"" + ipv4 + "\n/routes/0/gateway: found \"fe80::1\"" +
            ipv4},
       {file("[]", R"([{"destination": "10.0.0.0", "gateway": "10.0.0.1/8"}])"),
        "/routes/0/destination: found \"10.0.0.0\", expected an address with prefix length such "
        "as \"192.0.2.1/24\"\n"
        "/routes/0/gateway: found \"10.0.0.1/8\", expected an IPv4 address such as "
        "\"192.0.2.1\""},
       {file_with(R"("control": {"metrics": "[::1]:9100"})"),
        "/control/metrics: found \"[::1]:9100\"" + ipv4}});
}

TEST_CASE("an interface has a plain name, devices, and an MTU that IP can live with") {
  const auto interface = [](const std::string& keys) {
    return file("[]", "[]", "[{" + keys + "}]");
  };
  const std::string device = ", expected a device name or PCI address of at most 63 characters";
  check_verdicts(
      {{file("[]", "[]", "[]"), "/interfaces: found an empty list, expected at least 1 item"},
       {interface(R"("name": "a b", "device": "d")"),
        "/interfaces/0/name: found \"a b\", expected a name of letters, digits, \"_\", \".\" and "
        "\"-\""},
       {interface(R"("name": "a", "device": [])"),
        "/interfaces/0/device: found an empty list, expected at least 1 item"},
       {interface(R"("name": "a", "device": ["d0", ""])"),
        "/interfaces/0/device/1: found \"\"" + device},
       {interface(R"("name": "a", "device": "d,iface=x")"),
        "/interfaces/0/device: found \"d,iface=x\"" + device},
       {interface(R"("name": "a", "device": 1)"),
        "/interfaces/0/device: found 1" + device + " or a list of such"},
       {interface(R"("name": "a", "device": "0000:03:00.0")"), "ok"},
       {interface(R"("name": "a", "device": "d", "mtu": 575)"),
        "/interfaces/0/mtu: found 575, expected a whole number from 576 to 9000"},
       {interface(R"("name": "a", "device": "d", "neighbours": [{"address": "1.2.3.4",
                       "mac": "2:0:0:0:0:1"}])"),
        "/interfaces/0/neighbours/0/mac: found \"2:0:0:0:0:1\", expected a MAC address such as "
        "\"02:00:00:00:00:01\""}});
}

TEST_CASE("a socket has a path that the system takes and an octal mode") {
  const auto socket = [](const std::string& keys) {
    return file_with(R"("control": {"sockets": [{)" + keys + "}]}");
  };
  const std::string mode = ", expected four octal digits such as \"0600\"";
  const std::string path = ", expected an absolute path of a socket, at most 107 bytes long";
  check_verdicts(
      {{socket(R"("path": "/run/s", "mode": "0660", "level": "read")"), "ok"},
       {socket(R"("path": "/run/s", "group": "monitoring")"), "ok"},
       {socket(R"("path": "/run/s", "mode": "660")"),
        "/control/sockets/0/mode: found \"660\"" + mode},
       {socket(R"("path": "/run/s", "mode": 600)"), "/control/sockets/0/mode: found 600" + mode},
       {socket(R"("path": "/run/s", "mode": "0688")"),
        "/control/sockets/0/mode: found \"0688\"" + mode},
       {socket(R"("path": "run/s")"), "/control/sockets/0/path: found \"run/s\"" + path},
       {socket(R"("path": "/run/")"), "/control/sockets/0/path: found \"/run/\"" + path},
       {socket(R"("path": "/)" + std::string(106, 'x') + "\""), "ok"},
       {socket(R"("path": "/)" + std::string(107, 'x') + "\""),
        "/control/sockets/0/path: found \"/" + std::string(47, 'x') + "…\"" + path},
       {file_with(R"("control": {"sockets": []})"), "ok"}});
}

TEST_CASE("all errors of a file come in one go and in its order") {
  CHECK(verdict(R"({
    "services": [
      {"protocol": "sctp", "address": "192.168.22.11:80", "shceduler": "rr",
       "servers": [{"address": "192.168.11.300"}, {"address": "192.168.22.11", "weight": -1}]},
      {"name": "x", "protocol": "tcp", "address": "224.0.0.1:80"},
      {"name": "x", "name": "x", "protocol": "tcp", "address": "192.168.22.11:81"}],
    "interfaces": [
      {"name": "wan", "device": "d0", "addresses": ["192.168.22.11/24"]},
      {"name": "wan", "device": "d0", "addresses": ["192.168.22.11/33"]}]})") ==
        "/services/0/protocol: found \"sctp\", expected one of \"tcp\", \"udp\"\n"
        "/services/0/shceduler: unknown key; did you mean \"scheduler\"?\n"
        "/services/0/servers/0/address: found \"192.168.11.300\", expected \"IP:port\" with a port "
        "from 1 to 65535, or \"IP\"\n"
        "/services/0/servers/1/address: found \"192.168.22.11\", expected another host's address: "
        "the director cannot be its own real server\n"
        "/services/0/servers/1/weight: found -1, expected a whole number from 0 to 65535\n"
        "/services/1/address: found \"224.0.0.1\", expected a host's address\n"
        "/services/2/name: duplicate key, expected each key once\n"
        "/interfaces/1/name: found \"wan\", expected a different name than at /interfaces/0/name\n"
        "/interfaces/1/device: found \"d0\", expected a different device than at "
        "/interfaces/0/device\n"
        "/interfaces/1/addresses/0: found \"192.168.22.11/33\", expected an address with prefix "
        "length such as \"192.0.2.1/24\"");
}
