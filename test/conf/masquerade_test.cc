// The key "masquerade": what its rules load to, and what they may not say.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "conf/schema.h"
#include "conf/write.h"
#include "test/conf/support.h"

using conf::Masquerade;
using conf_test::check_verdicts;
using conf_test::file_with;
using conf_test::kTwoArms;
using conf_test::verdict;

namespace {

conf::Config loaded(const std::string& text) {
  INFO(verdict(text));
  const auto config = conf::load(text, conf_test::vocabulary());
  REQUIRE(config);
  CHECK(conf::load(conf::to_json(*config).dump(), conf_test::vocabulary()) == config);
  return *config;
}

lb::Prefix prefix(const char* text) { return *lb::Prefix::parse(text); }

std::string rules(const std::string& list) { return file_with("\"masquerade\": [" + list + "]"); }

std::string rule(const std::string& source, const std::string& interface,
                 const std::string& keys = "") {
  return R"({"source": ")" + source + R"(", "interface": ")" + interface + "\"" + keys + "}";
}

std::string ports(const std::string& range) { return R"(, "ports": ")" + range + "\""; }

// A service of that address beside these rules.
std::string with_service(const std::string& protocol, const std::string& address,
                         const std::string& list,
                         const std::string& interfaces = std::string(kTwoArms)) {
  return R"({"services": [{"protocol": ")" + protocol + R"(", "address": ")" + address +
         R"("}], "masquerade": [)" + list + R"(], "interfaces": )" + interfaces + "}";
}

const std::string kLan = rule("192.168.11.0/24", "wan");

}  // namespace

TEST_CASE("the article's cluster masquerades its real servers") {
  const conf::Config config = loaded(conf_test::read_example("nat-masquerade.json"));
  CHECK(config.masquerade == std::vector{Masquerade{prefix("192.168.11.0/24"), "wan"}});
  CHECK(config.masquerade[0].first_port == 1024);
  CHECK(config.masquerade[0].last_port == 32767);
}

TEST_CASE("a rule's keys reach its values, and are written again") {
  const conf::Config config = loaded(rules(kLan + ", " + rule("10.0.0.0/8", "wan", ports("1-1")) +
                                           ", " + rule("0.0.0.0/0", "lan", ports("40000-65535"))));
  CHECK(config.masquerade == std::vector{Masquerade{prefix("192.168.11.0/24"), "wan", 1024, 32767},
                                         Masquerade{prefix("10.0.0.0/8"), "wan", 1, 1},
                                         Masquerade{prefix("0.0.0.0/0"), "lan", 40000, 65535}});
  CHECK(conf::to_json(config)["masquerade"][0] == nlohmann::json::parse(R"(
    {"source": "192.168.11.0/24", "interface": "wan", "ports": "1024-32767"})"));
  CHECK(conf::to_json(loaded(conf_test::file()))["masquerade"] == nlohmann::json::array());
}

TEST_CASE("the Schema knows a rule's keys") {
  const auto items = conf::schema(conf_test::vocabulary())["properties"]["masquerade"]["items"];
  CHECK(items["required"] == nlohmann::json({"source", "interface"}));
  CHECK(items["properties"]["ports"]["default"] == "1024-32767");
}

TEST_CASE("a rule has a source and an interface, and ports in their form") {
  const std::string at = "/masquerade/0/ports: found ";
  const std::string form = ", expected \"FIRST-LAST\" with ports from 1 to 65535";
  const std::string order = ", expected \"FIRST-LAST\" with the lower port first";
  const auto with_ports = [](const std::string& range) {
    return rules(rule("192.168.11.0/24", "wan", ports(range)));
  };
  check_verdicts(
      {{file_with(R"("masquerade": {})"), "/masquerade: found an object, expected a list"},
       {rules("{}"),
        "/masquerade/0: missing key \"source\", expected an address with prefix length such as "
        "\"192.0.2.1/24\"\n"
        "/masquerade/0: missing key \"interface\", expected a name of letters, digits, \"_\", "
        "\".\" and \"-\""},
       {rules(rule("192.168.11.0/24", "wan", R"(, "prots": "1-2")")),
        "/masquerade/0/prots: unknown key; did you mean \"ports\"?"},
       {rules(rule("2001:db8::/32", "wan")),
        "/masquerade/0/source: found \"2001:db8::/32\", expected an IPv4 address: IPv6 is not "
        "supported yet"},
       {with_ports("65535-65535"), "ok"},
       {with_ports("0-7"), at + "\"0-7\"" + form},
       {with_ports("7-65536"), at + "\"7-65536\"" + form},
       {with_ports("1024"), at + "\"1024\"" + form},
       {with_ports("1024-"), at + "\"1024-\"" + form},
       {with_ports("1024:2048"), at + "\"1024:2048\"" + form},
       {with_ports("2048-1024"), at + "\"2048-1024\"" + order},
       {rules(rule("192.168.11.0/24", "wan", R"(, "ports": 1024)")), at + "1024" + form}});
}

TEST_CASE("a rule's source has no host bits") {
  check_verdicts(
      {{rules(rule("192.168.11.1/24", "wan")),
        "/masquerade/0/source: found \"192.168.11.1/24\", expected \"192.168.11.0/24\", without "
        "host bits"}});
}

TEST_CASE("a rule's interface is one of the file's and has an address") {
  const auto bare = [](const std::string& keys) {
    return R"({"masquerade": [)" + kLan + R"(], "interfaces": [{"name": "wan", "device": "d0")" +
           keys + "}]}";
  };
  check_verdicts(
      {{rules(rule("192.168.11.0/24", "wna")),
        "/masquerade/0/interface: found \"wna\", expected one of \"wan\", \"lan\"; did you mean "
        "\"wan\"?"},
       {rules(rule("192.168.11.0/24", "eth0")),
        "/masquerade/0/interface: found \"eth0\", expected one of \"wan\", \"lan\""},
       {bare(""),
        "/masquerade/0/interface: found \"wan\", expected an interface with an address, which "
        "becomes the source of what leaves there"},
       {bare(R"(, "addresses": ["192.168.22.11/32"])"), "ok"}});
}

TEST_CASE("two rules of an interface share no source; their ports are their own affair") {
  const auto two = [](const std::string& one, const std::string& other) {
    return rules(one + ", " + other);
  };
  const std::string apart = ", expected a source apart from ";
  check_verdicts(
      {{two(kLan, rule("10.0.0.0/8", "wan")), "ok"},
       {two(kLan, rule("192.168.11.0/24", "lan")), "ok"},
       {two(kLan, rule("192.168.10.0/24", "wan", ports("2000-40000"))), "ok"},
       {two(kLan, rule("192.168.11.0/24", "wan", ports("40000-50000"))),
        "/masquerade/1/source: found \"192.168.11.0/24\", expected a different source and "
        "interface than at /masquerade/0/source"},
       {two(kLan, rule("192.168.11.128/25", "wan")),
        "/masquerade/1/source: found \"192.168.11.128/25\"" + apart +
            "192.168.11.0/24 of the same interface, at /masquerade/0/source"},
       {two(kLan, rule("0.0.0.0/0", "wan")),
        "/masquerade/1/source: found \"0.0.0.0/0\"" + apart +
            "192.168.11.0/24 of the same interface, at /masquerade/0/source"}});
}

TEST_CASE("no service has a port that masquerading hands out") {
  const auto taken = [](const std::string& address, const std::string& range) {
    return "/services/0/address: found \"" + address + "\", expected a port outside of " + range +
           ", masquerade's range of this address, at /masquerade/0";
  };
  const std::string narrow = rule("192.168.11.0/24", "wan", ports("5000-5001"));
  const std::string two_addresses =
      R"([{"name": "wan", "device": "d", "addresses": ["192.168.22.11/24", "192.168.22.12/24"]}])";
  check_verdicts(
      {{with_service("tcp", "192.168.22.11:1023", kLan), "ok"},
       {with_service("tcp", "192.168.22.11:32768", kLan), "ok"},
       {with_service("tcp", "192.168.22.11:1024", kLan), taken("192.168.22.11:1024", "1024-32767")},
       {with_service("udp", "192.168.22.11:32767", kLan),
        taken("192.168.22.11:32767", "1024-32767")},
       {with_service("tcp", "192.168.22.11:4999", narrow), "ok"},
       {with_service("tcp", "192.168.22.11:5000", narrow),
        taken("192.168.22.11:5000", "5000-5001")},
       // One error, however many rules take the port.
       {with_service("udp", "192.168.22.11:5001", narrow + ", " + rule("10.0.0.0/8", "wan")),
        taken("192.168.22.11:5001", "5000-5001")},
       // Only the interface's first address is a source.
       {with_service("tcp", "192.168.11.11:5000", kLan), "ok"},
       {with_service("tcp", "192.168.22.12:5000", kLan, two_addresses), "ok"},
       {with_service("tcp", "192.168.22.11:5000", kLan, two_addresses),
        taken("192.168.22.11:5000", "1024-32767")}});
}

TEST_CASE("a fault of a rule, or of what it refers to, is reported once") {
  const std::string prefix_form =
      ", expected an address with prefix length such as \"192.0.2.1/24\"";
  const auto interface = [](const std::string& keys) {
    return with_service("tcp", "192.168.22.11:5000", kLan, "[{" + keys + "}]");
  };
  check_verdicts(
      {{interface(R"("name": "w n", "device": "d")"),
        "/interfaces/0/name: found \"w n\", expected a name of letters, digits, \"_\", \".\" and "
        "\"-\""},
       {interface(R"("name": "wan", "device": "d", "adresses": ["192.168.22.11/24"])"),
        "/interfaces/0/adresses: unknown key; did you mean \"addresses\"?"},
       {interface(R"("name": "wan", "device": "d", "addresses": ["x", "192.168.22.11/24"])"),
        "/interfaces/0/addresses/0: found \"x\"" + prefix_form},
       {with_service("tcp", "0.0.0.0:5000", kLan,
                     R"([{"name": "wan", "device": "d", "addresses": ["x"]}])"),
        "/services/0/address: found \"0.0.0.0\", expected a host's address\n"
        "/interfaces/0/addresses/0: found \"x\"" +
            prefix_form},
       {R"({"interface": [], "masquerade": [)" + kLan + "]}",
        "/interface: unknown key; did you mean \"interfaces\"?"},
       {with_service("tcp", "192.168.22.11:5000", rule("192.168.11.0/24", "wan", ports("1"))),
        "/masquerade/0/ports: found \"1\", expected \"FIRST-LAST\" with ports from 1 to 65535"},
       {with_service("tcp", "192.168.22.11:80", rule("x", "wan") + ", " + kLan),
        "/masquerade/0/source: found \"x\"" + prefix_form},
       {with_service("tcp", "192.168.22.11:5000", rule("192.168.11.0/24", "wna")),
        "/masquerade/0/interface: found \"wna\", expected one of \"wan\", \"lan\"; did you mean "
        "\"wan\"?"}});
}
