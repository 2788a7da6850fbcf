// Every command of the table, in text and in JSON, over a director of plain values.
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "control/command_table.h"
#include "control/interpreter.h"
#include "test/control/fake_facts.h"

namespace control {
namespace {

using nlohmann::json;

struct SmallDirector {
  test::FakeFacts facts = test::small_director();
  Interpreter interpreter{command_table(), facts};

  std::string run(std::string_view line) { return interpreter.execute(line, Level::kRead, ""); }
  json run_json(std::string_view line) { return json::parse(run(std::string(line) + " json")); }
};

std::set<std::string> keys(const json& object) {
  std::set<std::string> out;
  for (const auto& [key, value] : object.items()) out.insert(key);
  return out;
}

bool has_keys(const json& object, const std::set<std::string>& wanted) {
  const auto present = keys(object);
  return std::ranges::includes(present, wanted);
}

TEST_CASE_METHOD(SmallDirector, "help lists every command of the table, in text and JSON") {
  const std::string text = run("help");
  const json document = run_json("help");
  REQUIRE(document["commands"].size() == command_table().size());
  CHECK(static_cast<size_t>(std::ranges::count(text, '\n')) == command_table().size());
  size_t at = 0;
  for (const Command& command : command_table()) {
    CHECK(text.find(command.words) != std::string::npos);
    CHECK(text.find(command.help) != std::string::npos);
    CHECK(document["commands"][at]["command"] == command.words);
    CHECK(document["commands"][at]["help"] == command.help);
    CHECK_FALSE(command.help.empty());
    CHECK(command.run != nullptr);
    ++at;
  }
}

TEST_CASE_METHOD(SmallDirector, "help COMMAND explains one command or a group") {
  CHECK(run("help show info") ==
        "show info [json]  version, uptime, and how full connections and packet buffers are\n");
  CHECK(run("help show services web").starts_with("show services [NAME] [json]  "));
  CHECK(run_json("help show")["commands"].size() == 10);
  CHECK(run("help sho").starts_with("error: unknown command \"sho\""));
}

TEST_CASE_METHOD(SmallDirector, "no two commands have the same words") {
  std::set<std::string_view> seen;
  for (const Command& command : command_table()) CHECK(seen.insert(command.words).second);
}

TEST_CASE_METHOD(SmallDirector, "show info") {
  CHECK(run("show info") ==
        "version      0.1.0\n"
        "pid          4711\n"
        "config       /etc/lbd/lbd.json\n"
        "started      2025-11-25T12:00:00Z\n"
        "uptime       1d 2h 3m\n"
        "workers      2\n"
        "vips         active\n"
        "connections  250 of 1000 (25.0 %)\n"
        "answers      4 given, 3 held back: too many a second, or no way for them\n"
        "mbufs        2048 of 8192 (25.0 %)\n"
        "drops        14 packets\n");
  const json info = run_json("show info");
  CHECK(info["version"] == "0.1.0");
  CHECK(info["uptime_seconds"] == 93784.5);
  CHECK(info["workers"] == 2);
  CHECK(info["vips"] == "active");
  CHECK(info["connections"] == json{{"entries", 250}, {"capacity", 1000}, {"reclaimed", 0}});
  CHECK(info["answers"] == json{{"given", 4}, {"suppressed", 3}});
  CHECK(info["last_reload"].is_null());
  CHECK(info["mbufs"] == json{{"in_use", 2048}, {"total", 8192}});
  CHECK(info["client_holds"] == json{{"capacity", 0}, {"displaced", 0}});
  CHECK(info["drops"] == json{{"bad_ip_checksum", 0}, {"no_route", 5}, {"table_full", 9}});
}

TEST_CASE_METHOD(SmallDirector, "show services as text") {
  CHECK(run("show services web") ==
        "service  address            proto  scheduler  forward  weight  state  health     active  "
        "inactive  total  refused  conn/s  in_B/s  out_B/s   in_B  out_B\n"
        "web      192.168.22.11:80   tcp    wlc        nat           -  -      1/2             4  "
        "       6     30        7       2    1500     123k  30000  2000k\n"
        "  ->     192.168.11.101:80  -      -          nat           2  ready  unchecked       3  "
        "       4     20        -       1    1000     100k  20000  1500k\n"
        "  ->     192.168.11.100:80  -      -          dr            0  drain  down            1  "
        "       2     10        -       0       0        0  10000   500k\n");
  std::istringstream lines(run("show services"));
  std::string line;
  std::set<size_t> words;
  while (std::getline(lines, line)) {
    std::istringstream split(line);
    words.insert(static_cast<size_t>(std::distance(std::istream_iterator<std::string>(split), {})));
  }
  CHECK(words == std::set<size_t>{17});  // awk can count columns
}

TEST_CASE_METHOD(SmallDirector,
                 "show services as JSON has the contract's keys, servers in the file's order") {
  const json services = run_json("show services")["services"];
  REQUIRE(services.size() == 2);
  const json& web = services[0];
  CHECK(has_keys(
      web, {"name", "protocol", "address", "scheduler", "forward", "servers", "refused",
            "connections_total", "packets_in", "packets_out", "bytes_in", "bytes_out", "rates"}));
  CHECK(web["name"] == "web");
  CHECK(web["protocol"] == "tcp");
  CHECK(web["address"] == "192.168.22.11:80");
  CHECK(web["refused"] == 7);
  CHECK(web["active_connections"] == 4);
  REQUIRE(web["servers"].size() == 2);
  CHECK(web["servers"][0] == json{{"address", "192.168.11.101:80"},
                                  {"forward", "nat"},
                                  {"weight", 2},
                                  {"state", "ready"},
                                  {"health", "unchecked"},
                                  {"active_connections", 3},
                                  {"inactive_connections", 4},
                                  {"upper_threshold", 0},
                                  {"lower_threshold", 0},
                                  {"persistent_clients", 0},
                                  {"connections_total", 20},
                                  {"packets_in", 200},
                                  {"packets_out", 150},
                                  {"bytes_in", 20000},
                                  {"bytes_out", 1500000},
                                  {"rates",
                                   {{"connections", 1.0},
                                    {"packets_in", 10.0},
                                    {"packets_out", 8.0},
                                    {"bytes_in", 1000.0},
                                    {"bytes_out", 100000.0}}}});
  CHECK(web["servers"][1]["state"] == "drain");
  CHECK(services[1]["address"] == "[2001:db8::1]:53");
  CHECK(services[1]["servers"] == json::array());
}

TEST_CASE_METHOD(SmallDirector,
                 "show services NAME shows one, and an unknown name lists the known ones") {
  CHECK(run_json("show services dns6")["services"].size() == 1);
  CHECK(run("show services udp:[2001:db8::1]:53") == run("show services dns6"));
  CHECK(run("show services wbe") == "error: no service \"wbe\"; services: web, dns6\n");
  CHECK(run("show services web dns6") ==
        "error: show services: unexpected \"dns6\"; usage: show services [NAME] [json]\n");
}

TEST_CASE_METHOD(SmallDirector, "show connections") {
  CHECK(run("show connections") ==
        "proto  state        expires_s  client              virtual           server             "
        "forward  service\n"
        "tcp    ESTABLISHED        899  10.0.0.1:40000      192.168.22.11:80  192.168.11.101:80  "
        "nat      web\n"
        "udp    UDP                300  [2001:db8::9]:5353  [2001:db8::1]:53  [2001:db8::2]:53   "
        "tunnel   dns6\n");
  CHECK(facts.last_query.limit == 100);
  const json page = run_json("show connections");
  CHECK(page["complete"] == true);
  REQUIRE(page["connections"].size() == 2);
  CHECK(page["connections"][0] == json{{"protocol", "tcp"},
                                       {"state", "ESTABLISHED"},
                                       {"client", "10.0.0.1:40000"},
                                       {"virtual", "192.168.22.11:80"},
                                       {"server", "192.168.11.101:80"},
                                       {"service", "web"},
                                       {"forward", "nat"},
                                       {"expires_seconds", 899.4}});
}

TEST_CASE_METHOD(SmallDirector, "show connections takes filters in any order") {
  run("show connections limit all client 10.0.0.1:40000 service web");
  CHECK(facts.last_query.service == "web");
  CHECK(facts.last_query.client.address == lb::IpAddress::parse("10.0.0.1"));
  CHECK(facts.last_query.client.port == 40000);
  CHECK_FALSE(facts.last_query.limit.has_value());
  run("show connections client 2001:db8::9");
  CHECK(facts.last_query.client.address == lb::IpAddress::parse("2001:db8::9"));
  CHECK_FALSE(facts.last_query.client.port.has_value());
  run("show connections client [2001:db8::9]:53");
  CHECK(facts.last_query.client.port == 53);
  run("show connections server 192.168.11.100");
  CHECK(facts.last_query.server.address == lb::IpAddress::parse("192.168.11.100"));
  CHECK_FALSE(facts.last_query.server.port.has_value());
  CHECK_FALSE(facts.last_query.client.address.has_value());
  run("show connections server 192.168.11.100:81 client 10.0.0.1");
  CHECK(facts.last_query.server.port == 81);
  CHECK(facts.last_query.client.address == lb::IpAddress::parse("10.0.0.1"));
}

TEST_CASE_METHOD(SmallDirector, "show connections says when the limit cut the list") {
  CHECK(run("show connections limit 1")
            .ends_with("# the first 1; there are more (limit N, or limit all)\n"));
  CHECK(run_json("show connections limit 1")["complete"] == false);
}

TEST_CASE_METHOD(SmallDirector, "show connections refuses wrong arguments one by one") {
  const std::string usage =
      "; usage: show connections [service NAME] [server IP[:PORT]] [client IP[:PORT]] [limit "
      "N|all] [json]\n";
  const std::string start = "error: show connections: ";
  CHECK(run("show connections clinet 1.2.3.4") ==
        start + "unexpected \"clinet\" (expected service, server, client or limit)" + usage);
  CHECK(run("show connections client") == start + "client needs a value" + usage);
  CHECK(run("show connections limit 1 limit 2") == start + "limit given twice" + usage);
  for (const auto* bad : {"0", "-1", "1x", "99999999999999999999999"}) {
    CHECK(run(std::string("show connections limit ") + bad) ==
          start + "limit \"" + bad + "\" is neither a positive number nor all" + usage);
  }
  CHECK(run("show connections server 10.2.0.11:") ==
        start + "server \"10.2.0.11:\" is no address (expected IP, IP:PORT or [IPV6]:PORT)" +
            usage);
  CHECK(run("show connections client web.example") ==
        start + "client \"web.example\" is no address (expected IP, IP:PORT or [IPV6]:PORT)" +
            usage);
  CHECK(run("show connections service nosuch") == "error: no service \"nosuch\"; services: web\n");
}

TEST_CASE_METHOD(SmallDirector, "show interfaces") {
  CHECK(run("show interfaces") ==
        "interface  link  mac                 mtu  rx_packets   rx_B  rx_missed  rx_errors  "
        "rx_no_mbuf  tx_packets  tx_B  tx_errors  kernel  to_kernel  from_kernel  kernel_dropped  "
        "addresses         devices\n"
        "wan        up    02:00:00:00:00:01  1500          11  1235k          1          2  "
        "         3          12   999          4  lb-wan         15           16              17  "
        "192.168.22.11/24  net_af_xdp0,net_af_xdp1\n");
  const json wan = run_json("show interfaces")["interfaces"][0];
  CHECK(wan["name"] == "wan");
  CHECK(wan["link"] == "up");
  CHECK(wan["devices"] == json{"net_af_xdp0", "net_af_xdp1"});
  CHECK(wan["addresses"] == json{"192.168.22.11/24"});
  CHECK(wan["rx_bytes"] == 1234567);
  CHECK(wan["tx_errors"] == 4);
  CHECK(wan["kernel_interface"] == "lb-wan");
  CHECK(wan["to_kernel"] == 15);
  CHECK(wan["from_kernel"] == 16);
  CHECK(wan["kernel_dropped"] == 17);
}

TEST_CASE_METHOD(SmallDirector, "show neighbours") {
  CHECK(run("show neighbours") ==
        "interface  address       mac                state      confirmed_ago\n"
        "wan        192.168.22.1  02:00:00:00:00:99  reachable  12s\n"
        "wan        192.168.22.7  -                  failed     -\n");
  const json list = run_json("show neighbours")["neighbours"];
  CHECK(list[0]["mac"] == "02:00:00:00:00:99");
  CHECK(list[0]["confirmed_seconds_ago"] == 12.5);
  CHECK(list[1]["mac"].is_null());
}

TEST_CASE_METHOD(SmallDirector, "show workers") {
  CHECK(run("show workers") ==
        "lcore  busy_%  connections  packets  handed_over  taken_over  ring_%  steering\n"
        "    1    12.3          150     1000           10           4     2.5  ring (icmp 1, owner "
        "9)\n"
        "    2    50.0          100      900            0          10     0.0  rss\n");
  CHECK(run_json("show workers")["workers"][0] ==
        json{{"lcore", 1},
             {"busy", 0.123},
             {"connections", 150},
             {"packets", 1000},
             {"handed_over", 10},
             {"handed_over_by_reason", {{"icmp", 1}, {"owner", 9}, {"transmit", 0}}},
             {"taken_over", 4},
             {"ring_fill", 0.025},
             {"steering", "ring"}});
}

TEST_CASE_METHOD(SmallDirector, "show drops puts the most frequent first and hides none") {
  CHECK(run("show drops") ==
        "packets  per_s  reason           description\n"
        "      9      -  table_full       no connection left\n"
        "      5     12  no_route         no route to the destination\n"
        "      0      -  bad_ip_checksum  IP header with a wrong checksum\n");
  const json drops = run_json("show drops")["drops"];
  CHECK(drops.size() == 3);
  CHECK(drops[0]["reason"] == "bad_ip_checksum");
  CHECK(drops[1]["rate"] == 12.3);
}

TEST_CASE_METHOD(SmallDirector, "show config is JSON with and without the word") {
  CHECK(run("show config") == "{\n  \"services\": []\n}\n");
  CHECK(run("show config json") == run("show config"));
}

TEST_CASE_METHOD(SmallDirector, "show metrics") {
  CHECK(run("show metrics").ends_with("# EOF\n"));
  const json families = run_json("show metrics")["families"];
  CHECK(has_keys(families[0], {"name", "type", "unit", "help", "samples"}));
}

TEST_CASE_METHOD(SmallDirector, "a name with invalid UTF-8 still gives valid JSON") {
  facts.the_services[0].name = "w\xff";
  CHECK(run_json("show services")["services"][0]["name"] == "w\xef\xbf\xbd");
}

}  // namespace
}  // namespace control
