// The commands that change something: what they ask for, what they answer, and what they refuse.
// Those about servers are in server_commands_test.cc.
#include "test/control/change_fixture.h"

namespace control {
namespace {

using nlohmann::json;
using test::endpoint;
using Fixture = test::ChangeFixture;

TEST_CASE_METHOD(Fixture, "set vips takes the VIPs over or leaves them, and knows no third") {
  CHECK(run("set vips standby") == "VIPs are standby\n");
  CHECK(changes.vips == conf::Vips::kStandby);
  CHECK(run("set vips active") == "VIPs are active\n");
  facts.the_info.vips = "standby";
  CHECK(json::parse(run("set vips active json")) ==
        json{{"done", "VIPs are active as soon as no other director answers for them"}});
  CHECK(changes.vips == conf::Vips::kActive);
  CHECK(refused("set vips master").find("expected active or standby") != std::string::npos);
  CHECK(refused("set vips").find("expected active or standby") != std::string::npos);
  changes.refusal = Refusal{Refusal::Kind::kInvalid, "cannot be"};
  CHECK(refused("set vips standby") == "error: cannot be\n");
  CHECK(interpreter.execute("set vips active", Level::kRead, {}).starts_with("error: "));
}

TEST_CASE_METHOD(Fixture, "help has every command that changes something, with its grammar") {
  const std::string text = run("help");
  for (const char* usage :
       {"add service JSON [json]", "delete service NAME [force | deadline SECONDS] [json]",
        "set service NAME KEY VALUE [json]", "add server SERVICE ADDRESS [KEY VALUE]... [json]",
        "delete server SERVICE ADDRESS [force | deadline SECONDS] [json]",
        "set server SERVICE ADDRESS KEY VALUE [json]", "clear counters [SERVICE] [json]",
        "reload [json]", "plan - [json]", "save [json]"}) {
    CHECK_THAT(text, Catch::Contains(usage));
  }
}

TEST_CASE("only plan may be asked of a socket that may only look") {
  for (const Command& command : command_table()) {
    const std::string_view words = command.words;
    const bool changes = words.starts_with("add ") || words.starts_with("delete ") ||
                         words.starts_with("set ") || words == "clear counters" ||
                         words == "reload" || words == "save";
    INFO(words);
    if (changes) CHECK(command.level == Level::kAdmin);
    if (words == "plan") CHECK(command.level == Level::kRead);
  }
}

// --- add service

TEST_CASE_METHOD(Fixture, "add service takes a service as the file has it, blanks included") {
  CHECK(run(R"(add service {"protocol": "tcp",  "address": "10.1.0.100:81",)"
            R"( "servers": [{"address": "10.2.0.11"}]})") ==
        "service tcp:10.1.0.100:81 added, 1 server\n");
  REQUIRE(changes.config.services.size() == 4);
  CHECK(changes.config.services[3].servers.at(0).address == endpoint("10.2.0.11:81"));
  CHECK(run(R"(add service {"name": "x", "protocol": "udp", "address": "10.1.0.100:81"} json)") ==
        "{\"done\":\"service x added, 0 servers\"}\n");
}

TEST_CASE_METHOD(Fixture, "add service says what is wrong with a document") {
  CHECK(refused("add service") ==
        "error: add service: no service given; usage: add service JSON [json]\n");
  CHECK(refused(R"(add service {"protocol": "tcp", "address": "10.1.0.100:81", "schedular": 1})") ==
        "error: /schedular: unknown key; did you mean \"scheduler\"?\n");
  CHECK(
      refused(R"(add service {"protocol": "tcp", "address": "x", "scheduler": "y"})").find("; /") !=
      std::string::npos);
  refused("add service {");
  refused("add service []");
  refused("add service nonsense");
  CHECK(refused(R"(add service {"protocol": "tcp", "address": "10.1.0.100:80"})") ==
        "error: there is a service tcp:10.1.0.100:80 already\n");
}

// --- delete service

TEST_CASE_METHOD(Fixture, "delete service says farewell as it was told") {
  CHECK(run("delete service web") == "service web deleted\n");
  CHECK(changes.config.services.size() == 2);
  CHECK(changes.last_farewell->kind == Farewell::Kind::kDrain);
  CHECK_FALSE(changes.last_farewell->deadline_seconds);
  CHECK(run("delete service udp:10.1.0.100:53 deadline 30") ==
        "service udp:10.1.0.100:53 deleted\n");
  CHECK(changes.last_farewell->kind == Farewell::Kind::kDrain);
  CHECK(changes.last_farewell->deadline_seconds == 30U);
  CHECK(run("delete service all force json") == "{\"done\":\"service all deleted\"}\n");
  CHECK(changes.last_farewell->kind == Farewell::Kind::kCut);
}

TEST_CASE_METHOD(Fixture, "what was deleted before can be told to end sooner") {
  changes.leaving = "gone";
  CHECK(refused("delete service gone").starts_with("error: no service \"gone\""));
  CHECK(run("delete service gone force") ==
        "service gone was deleted before: what is left of it ends then, if not before\n");
  CHECK(changes.last_farewell->kind == Farewell::Kind::kCut);
  changes.leaving = "web 10.2.0.77:80";
  CHECK(refused("delete server web 10.2.0.77") == "error: web has no server 10.2.0.77:80\n");
  CHECK(run("delete server web 10.2.0.77 deadline 3") ==
        "server 10.2.0.77:80 was deleted from web before: what is left of it ends then, if not "
        "before\n");
  CHECK(changes.last_farewell->deadline_seconds == 3U);
  CHECK(refused("delete server web 10.2.0.78 force") == "error: web has no server 10.2.0.78:80\n");
}

TEST_CASE_METHOD(Fixture, "a service is also known by the name it would have without one") {
  CHECK(run("delete service tcp:10.1.0.100:80") == "service web deleted\n");
}

TEST_CASE_METHOD(Fixture, "delete service refuses what it does not know") {
  const std::string usage = "; usage: delete service NAME [force | deadline SECONDS] [json]\n";
  CHECK(refused("delete service") == "error: delete service: no service named" + usage);
  CHECK(refused("delete service nosuch") ==
        "error: no service \"nosuch\"; services: web, udp:10.1.0.100:53, all\n");
  const auto unexpected = [&](const std::string& word) {
    return "error: delete service: unexpected \"" + word +
           "\" (expected force, or deadline SECONDS)" + usage;
  };
  CHECK(refused("delete service web now") == unexpected("now"));
  CHECK(refused("delete service web force now") == unexpected("now"));
  CHECK(refused("delete service web deadline 3 now") == unexpected("now"));
  CHECK(refused("delete service web deadline") ==
        "error: delete service: deadline without a number of seconds" + usage);
  for (const char* seconds : {"-1", "1.5", "x", "4294967296", "0x10", "+1"}) {
    CHECK(refused("delete service web deadline " + std::string(seconds)) ==
          "error: delete service: deadline \"" + std::string(seconds) +
              "\" is no whole number of seconds" + usage);
  }
}

TEST_CASE_METHOD(Fixture, "where there are many services an error names some of them") {
  conf::Service more = dns();
  for (uint16_t port = 1; port <= 30; ++port) {
    more.address.port = port;
    more.name = more.derived_name();
    changes.config.services.push_back(more);
  }
  CHECK(refused("delete service nosuch").ends_with("udp:10.1.0.100:17, …\n"));
  changes.config.services.clear();
  CHECK(refused("delete service nosuch") == "error: no service \"nosuch\"; services: none\n");
}

// --- set service

TEST_CASE_METHOD(Fixture, "set service changes one key, as the file has it") {
  CHECK(run("set service web scheduler rr") == "service web: scheduler is rr\n");
  CHECK(web().scheduler == "rr");
  CHECK(run("set service web persistence_timeout 300 json") ==
        "{\"done\":\"service web: persistence_timeout is 300\"}\n");
  CHECK(web().persistence_timeout == 300);
  CHECK(run("set service web persistence_netmask 255.255.255.0") ==
        "service web: persistence_netmask is 255.255.255.0\n");
  CHECK(run("set service web expire_quiescent_template true") ==
        "service web: expire_quiescent_template is true\n");
  CHECK(web().expire_quiescent_template);
  CHECK(run("set service udp:10.1.0.100:53 one_packet true") ==
        "service udp:10.1.0.100:53: one_packet is true\n");
  CHECK(dns().one_packet);
  CHECK(web().servers.size() == 2);
  CHECK(web().servers[0].weight == 2);
}

TEST_CASE_METHOD(Fixture, "set service name gives a service another one, even one of digits") {
  const char* const name = GENERATE("www", "7", "true");
  CHECK(run("set service web name " + std::string(name)) ==
        "service " + std::string(name) + ": name is " + name + "\n");
  CHECK(web().name == name);
  CHECK(
      run("set service udp:10.1.0.100:53 name " + std::string(name) + "x").starts_with("service "));
  CHECK(dns().name == std::string(name) + "x");
}

TEST_CASE_METHOD(Fixture, "with another scheduler a service gets that one's options") {
  run("set service web scheduler mh");
  REQUIRE(web().scheduler_options.size() == 2);
  CHECK(run(R"(set service web scheduler_options {"port": true})") ==
        "service web: scheduler_options is {\"port\": true}\n");
  CHECK(web().scheduler_options.at("port") == decltype(web().scheduler_options)::mapped_type(true));
  run("set service web scheduler rr");
  CHECK(web().scheduler_options.empty());
}

TEST_CASE_METHOD(Fixture, "another method becomes that of the servers that had the service's") {
  run("set server web 10.2.0.11 forward tunnel");
  run("set service web forward dr");
  CHECK(web().forward == "dr");
  CHECK(web().servers[0].forward == "tunnel");
  CHECK(web().servers[1].forward == "dr");
}

TEST_CASE_METHOD(Fixture, "set service refuses what the file would") {
  CHECK(refused("set service web scheduler") ==
        "error: set service: expected a service, a key and a value; usage: set service NAME KEY "
        "VALUE [json]\n");
  CHECK(refused("set service web schedular rr") ==
        "error: schedular: unknown key; did you mean \"scheduler\"?\n");
  CHECK(refused("set service web scheduler wrrr").starts_with("error: scheduler: found \"wrrr\""));
  CHECK(refused("set service web persistence_timeout soon")
            .starts_with("error: persistence_timeout: found \"soon\", expected a whole number"));
  CHECK(refused("set service web one_packet 1")
            .starts_with("error: one_packet: found 1, expected true or false"));
  CHECK(refused("set service nosuch scheduler rr").starts_with("error: no service \"nosuch\""));
  CHECK(refused("set service web health_check {\"type\": \"tcp\", \"type\": \"ping\"}") ==
        "error: health_check/type: duplicate key, expected each key once\n");
  CHECK_THAT(refused("set service web health_check {\"type\": \"tcp\""),
             Catch::StartsWith("error: health_check: line 1, column 15: "));
  CHECK_THAT(refused("set service web quorum_up [\"up\""),
             Catch::StartsWith("error: quorum_up: line 1, column 6: "));
  refused("set service web servers none");
  refused("set service web scheduler_options {\"size\": 7}");
}

// --- add server

TEST_CASE_METHOD(Fixture, "clear counters of all or of one service") {
  CHECK(run("clear counters") == "counters cleared\n");
  CHECK(run("clear counters web json") == "{\"done\":\"counters of web cleared\"}\n");
  REQUIRE(changes.cleared.size() == 2);
  CHECK_FALSE(changes.cleared[0]);
  CHECK(changes.cleared[1] == key_of(web()));
  CHECK(refused("clear counters web now") ==
        "error: clear counters: unexpected \"now\"; usage: clear counters [SERVICE] [json]\n");
  CHECK(refused("clear counters nosuch").starts_with("error: no service \"nosuch\""));
}

TEST_CASE_METHOD(Fixture, "reload says what it has changed") {
  CHECK(run("reload") == "nothing differs\n");
  CHECK(json::parse(run("reload json")) == json{{"changes", json::array()}});
  changes.lines = {"service web leaves, no connections", "routes [] becomes []"};
  CHECK(run("reload") == "service web leaves, no connections\nroutes [] becomes []\n");
  CHECK(json::parse(run("reload json")) == json{{"changes", changes.lines}});
  CHECK(refused("reload now") == "error: reload: unexpected \"now\"; usage: reload [json]\n");
}

TEST_CASE_METHOD(Fixture, "plan reads the document that follows") {
  const std::string document = R"({"interfaces": [{"name": "a", "device": "d"}], "mbufs": 512})";
  changes.lines = {"server 192.168.11.101:80 of web leaves, 1,204 connections drain"};
  CHECK(run("plan -", document) ==
        "server 192.168.11.101:80 of web leaves, 1,204 connections drain\n");
  CHECK(changes.planned->mbufs == 512U);
  CHECK(json::parse(run("plan - json", document)) == json{{"changes", changes.lines}});
  CHECK(refused("plan") ==
        "error: plan: the document follows the line, so say \"plan -\"; usage: plan - [json]\n");
  CHECK(refused("plan - now", document).starts_with("error: plan: the document follows"));
  CHECK(refused("plan -", "{}") == "error: missing key \"interfaces\", expected a list\n");
  refused("plan -", "{");
  CHECK(interpreter.wants_document("plan -", Level::kRead));
  CHECK_FALSE(interpreter.wants_document("plan", Level::kRead));
}

TEST_CASE_METHOD(Fixture, "save says where") {
  CHECK(run("save") == "saved to /etc/lbd/lbd.json\n");
  CHECK(changes.saved == 1);
  CHECK(run("save json") == "{\"done\":\"saved to /etc/lbd/lbd.json\"}\n");
}

TEST_CASE_METHOD(Fixture, "whatever is refused is told in one line, in the refusal's words") {
  changes.refusal = Refusal{Refusal::Kind::kFailed, "two\nlines"};
  for (const char* line :
       {R"(add service {"protocol": "tcp", "address": "10.1.0.100:81"})", "delete service web",
        "set service web scheduler rr", "add server web 10.2.0.13", "delete server web 10.2.0.11",
        "set server web 10.2.0.11 weight 1", "clear counters", "reload", "save"}) {
    CHECK(refused(line) == "error: two lines\n");
  }
  CHECK(refused("plan -", R"({"interfaces": [{"name": "a", "device": "d"}]})") ==
        "error: two lines\n");
}

}  // namespace
}  // namespace control
