// What makes one configuration another, and what nobody is to call a change.
#include "conf/difference.h"

#include <catch2/catch.hpp>

#include "conf/load.h"
#include "test/conf/support.h"

using conf::Config;
using conf::Difference;
using conf::difference;
using conf::KeyChange;
using conf_test::file;
using conf_test::file_with;
using conf_test::service;

namespace {

Config loaded(const std::string& text) {
  INFO(conf_test::verdict(text));
  const auto config = conf::load(text, conf_test::vocabulary());
  REQUIRE(config);
  return *config;
}

// As one line: services by name, servers by address.
std::string summary(const Difference& found) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  for (const std::string& pointer : found.needs_restart) add("!" + pointer);
  for (const conf::Service* one : found.added) add("+" + one->name);
  for (const conf::Service* one : found.removed) add("-" + one->name);
  for (const conf::ServiceChange& change : found.changed) {
    add("~" + change.after->name);
    for (const KeyChange& key : change.keys) add(key.key + ":" + key.from + ">" + key.to);
    for (const conf::Server* one : change.added) add("+" + one->address.to_string());
    for (const conf::Server* one : change.removed) add("-" + one->address.to_string());
    for (const conf::ServerChange& one : change.changed) {
      add("~" + one.address.to_string());
      for (const KeyChange& key : one.keys) add(key.key + ":" + key.from + ">" + key.to);
    }
    if (change.reordered) add("reordered");
  }
  if (found.reordered) add("reordered");
  for (const KeyChange& key : found.rest) add(key.key + ":" + key.from + ">" + key.to);
  return text;
}

std::string between(const std::string& before, const std::string& after) {
  const Config one = loaded(before), other = loaded(after);
  const Difference found = difference(one, other);
  CHECK(found.empty() == summary(found).empty());
  return summary(found);
}

const std::string kTwo = R"([{"address": "192.168.11.100"}, {"address": "192.168.11.101"}])";

std::string interfaces(const std::string& wan, const std::string& more = "") {
  return file("[]", "[]", R"([{"name": "wan", )" + wan + "}" + more + "]");
}

}  // namespace

TEST_CASE("a configuration does not differ from itself") {
  for (const char* name :
       {"nat.json", "nat-masquerade.json", "dr.json", "tunnel.json", "udp.json"}) {
    const std::string text = conf_test::read_example(name);
    CHECK(between(text, text) == "");
  }
}

TEST_CASE("services are the same where protocol and address are, whatever they are called") {
  const std::string web = R"({"protocol": "tcp", "address": "192.168.22.11:80"})";
  const std::string named = R"({"name": "web", "protocol": "tcp", "address": "192.168.22.11:80"})";
  const std::string udp = R"({"protocol": "udp", "address": "192.168.22.11:80"})";
  const std::string other = R"({"name": "web", "protocol": "tcp", "address": "192.168.22.11:81"})";
  const auto list = [](const std::string& services) { return file("[" + services + "]"); };
  CHECK(between(list(""), list(web)) == "+tcp:192.168.22.11:80");
  CHECK(between(list(web), list("")) == "-tcp:192.168.22.11:80");
  CHECK(between(list(web), list(named)) == "~web name:none>\"web\"");
  CHECK(between(list(named), list(web)) == "~tcp:192.168.22.11:80 name:\"web\">none");
  CHECK(between(list(web), list(udp)) == "+udp:192.168.22.11:80 -tcp:192.168.22.11:80");
  CHECK(between(list(named), list(other)) == "+web -web");
}

TEST_CASE("every key of a service that differs is told with both values") {
  const auto [keys, told] = GENERATE(table<std::string, std::string>(
      {{R"("scheduler": "rr", )", "scheduler:\"wlc\">\"rr\""},
       {R"("forward": "dr", )", "forward:\"nat\">\"dr\""},
       {R"("persistence_timeout": 300, )", "persistence_timeout:0>300"},
       {R"("persistence_netmask": "255.255.255.0", )",
        "persistence_netmask:\"255.255.255.255\">\"255.255.255.0\""},
       {R"("expire_quiescent_template": true, )", "expire_quiescent_template:false>true"},
       {R"("slow_start": 30, )", "slow_start:0>30"},
       {R"("name": "web", "scheduler": "lc", )", "name:none>\"web\" scheduler:\"wlc\">\"lc\""}}));
  const Config before = loaded(file(service("[]"))), after = loaded(file(service("[]", keys)));
  const Difference found = difference(before, after);
  CHECK(summary(found) == "~" + after.services[0].name + " " + told);
  // They point into what was compared.
  REQUIRE(found.changed.size() == 1);
  CHECK(found.changed[0].before == &before.services[0]);
  CHECK(found.changed[0].after == &after.services[0]);
}

TEST_CASE("one_packet is a difference like others") {
  const auto udp = [](const char* value) {
    return file(R"([{"protocol": "udp", "address": "192.168.22.11:53", "one_packet": )" +
                std::string(value) + "}]");
  };
  CHECK(between(udp("false"), udp("true")) == "~udp:192.168.22.11:53 one_packet:false>true");
}

TEST_CASE("servers come, leave and change by their addresses") {
  const std::string name = "~tcp:192.168.22.11:80 ";
  CHECK(between(file(service("[]")), file(service(kTwo))) ==
        name + "+192.168.11.100:80 +192.168.11.101:80");
  CHECK(between(file(service(kTwo)), file(service(R"([{"address": "192.168.11.101"}])"))) ==
        name + "-192.168.11.100:80");
  CHECK(between(file(service(kTwo)), file(service(R"([{"address": "192.168.11.100"},
                                 {"address": "192.168.11.101:8080"}])"))) ==
        name + "+192.168.11.101:8080 -192.168.11.101:80");
}

TEST_CASE("every key of a server that differs is told with both values") {
  const auto [keys, told] = GENERATE(table<std::string, std::string>(
      {{R"("weight": 5)", "weight:1>5"},
       {R"("upper_threshold": 8, "lower_threshold": 4)", "lower_threshold:0>4 upper_threshold:0>8"},
       {R"("forward": "dr")", "forward:\"nat\">\"dr\""}}));
  CHECK(between(file(service(R"([{"address": "192.168.11.100"}])")),
                file(service(R"([{"address": "192.168.11.100", )" + keys + "}]"))) ==
        "~tcp:192.168.22.11:80 ~192.168.11.100:80 " + told);
}

TEST_CASE("the state of a server that stays is no difference") {
  const std::string state = GENERATE("ready", "drain", "maint");
  const auto with = [](const std::string& keys) {
    return file(service(R"([{"address": "192.168.11.100")" + keys + "}]"));
  };
  CHECK(between(with(R"(, "state": ")" + state + "\""), with("")) == "");
  CHECK(between(with(""), with(R"(, "state": ")" + state + "\"")) == "");
  // Nor is it told beside what differs.
  CHECK(between(with(""), with(R"(, "weight": 3, "state": ")" + state + "\"")) ==
        "~tcp:192.168.22.11:80 ~192.168.11.100:80 weight:1>3");
}

TEST_CASE("the order of services is a difference, that of those that come and leave is not") {
  const auto web = [](const std::string& port) {
    return R"({"protocol": "tcp", "address": "192.168.22.11:)" + port + "\"}";
  };
  const auto list = [](const std::string& services) { return file("[" + services + "]"); };
  const std::string a = web("80"), b = web("81"), c = web("82");
  CHECK(between(list(a + "," + b), list(b + "," + a)) == "reordered");
  CHECK(between(list(a + "," + b), list(a + "," + c + "," + b)) == "+tcp:192.168.22.11:82");
  CHECK(between(list(a + "," + c + "," + b), list(a + "," + b)) == "-tcp:192.168.22.11:82");
}

TEST_CASE("the order of servers is a difference, that of those that come and leave is not") {
  const std::string a = R"({"address": "192.168.11.100"})";
  const std::string b = R"({"address": "192.168.11.101"})";
  const std::string c = R"({"address": "192.168.11.102"})";
  const auto list = [](const std::string& servers) { return file(service("[" + servers + "]")); };
  const std::string name = "~tcp:192.168.22.11:80 ";
  CHECK(between(list(a + "," + b), list(b + "," + a)) == name + "reordered");
  CHECK(between(list(a + "," + b), list(a + "," + c + "," + b)) == name + "+192.168.11.102:80");
  CHECK(between(list(a + "," + c + "," + b), list(a + "," + b)) == name + "-192.168.11.102:80");
}

TEST_CASE("what is settled when the director starts is named by its pointer") {
  CHECK(between(file_with(R"("mbufs": 512)"), file_with(R"("mbufs": 1024)")) == "!/mbufs");
  CHECK(between(file(), file_with(R"("mbufs": 512)")) == "!/mbufs");
  CHECK(between(file(), file_with(R"("eal": ["-l", "0,1"])")) == "!/eal");
  CHECK(between(file(), file_with(R"("connections": {"capacity": 7})")) ==
        "!/connections/capacity");
  CHECK(between(file(), file_with(R"("idle": {"sleep_us": 7})")) == "!/idle");
  CHECK(between(file(), file_with(R"("control": {"sockets": []})")) == "!/control");
  CHECK(between(file(), file_with(R"("control": {"metrics": "127.0.0.1:9100"})")) == "!/control");
  const std::string wan = R"("device": "d0")";
  CHECK(between(interfaces(wan), interfaces(R"("device": "d1")")) == "!/interfaces/0/device");
  CHECK(between(interfaces(wan), interfaces(R"("device": ["d0", "d1"])")) ==
        "!/interfaces/0/device");
  CHECK(between(interfaces(wan), interfaces(wan + R"(, "mtu": 9000)")) == "!/interfaces/0/mtu");
  CHECK(between(interfaces(wan), interfaces(wan, R"(, {"name": "lan", "device": "d1"})")) ==
        "!/interfaces");
  CHECK(between(interfaces(wan), file("[]", "[]", R"([{"name": "out", "device": "d0"}])")) ==
        "!/interfaces/0/name");
}

TEST_CASE("whose the VIPs are at start is no change of what runs, but of the file") {
  CHECK(between(file(), file_with(R"("vips": "standby")")) ==
        "vips at the next start:\"active\">\"standby\"");
}

TEST_CASE("an interface's twin is settled at start, its virtual addresses are not") {
  const std::string wan = R"("device": "d0", "addresses": ["10.0.0.1/24"])";
  CHECK(between(interfaces(wan), interfaces(wan + R"(, "kernel_interface": "lb0")")) ==
        "!/interfaces/0/kernel_interface");
  CHECK(between(interfaces(wan), interfaces(wan + R"(, "virtual_addresses": ["10.0.0.2"])")) ==
        "interfaces wan virtual_addresses:[]>[\"10.0.0.2\"]");
}

TEST_CASE("addresses and neighbours of interfaces change while it runs") {
  const std::string device = R"("device": "d0")";
  CHECK(between(interfaces(device + R"(, "addresses": ["10.0.0.1/24"])"),
                interfaces(device + R"(, "addresses": ["10.0.0.2/24"])")) ==
        "interfaces wan addresses:[\"10.0.0.1/24\"]>[\"10.0.0.2/24\"]");
  CHECK(between(interfaces(device), interfaces(device + R"(, "neighbours":
                           [{"address": "10.0.0.2", "mac": "02:00:00:00:00:02"}])")) ==
        "interfaces wan neighbours:[]>[{\"address\":\"10.0.0.2\",\"mac\":\"02:00:00:00:00:02\"}]");
}

TEST_CASE("routes, masquerade and timeouts change while it runs") {
  CHECK(between(file(), file("[]", R"([{"destination": "0.0.0.0/0",
                                        "gateway": "192.168.22.1"}])")) ==
        "routes:[]>[{\"destination\":\"0.0.0.0/0\",\"gateway\":\"192.168.22.1\"}]");
  CHECK(between(file(), file_with(R"("masquerade": [{"source": "192.168.11.0/24",
                                     "interface": "wan", "ports": "2000-2999"}])")) ==
        "masquerade:[]>[{\"interface\":\"wan\",\"ports\":\"2000-2999\",\"source\":\"192.168.11.0/"
        "24\"}]");
  const std::string changed = between(file(), file_with(R"("timeouts": {"tcp": 60})"));
  CHECK_THAT(changed, Catch::StartsWith("timeouts:{\"tcp\":900,") &&
                          Catch::Contains(">{\"tcp\":60,\"tcp_close\":10,"));
}
