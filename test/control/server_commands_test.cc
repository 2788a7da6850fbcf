// The commands that add, change and delete a service's servers.
#include "test/control/change_fixture.h"

namespace control {
namespace {

using nlohmann::json;
using test::endpoint;
using Fixture = test::ChangeFixture;

TEST_CASE_METHOD(Fixture, "add server: the service's port and method unless told otherwise") {
  CHECK(run("add server web 10.2.0.13") == "server 10.2.0.13:80 added to web\n");
  REQUIRE(web().servers.size() == 3);
  CHECK(web().servers[2].address == endpoint("10.2.0.13:80"));
  CHECK(web().servers[2].weight == 1);
  CHECK(web().servers[2].forward == "nat");
  CHECK(run("add server web 10.2.0.14:81 weight 7 state maint upper_threshold 9 json") ==
        "{\"done\":\"server 10.2.0.14:81 added to web\"}\n");
  CHECK(web().servers[3].weight == 7);
  CHECK(web().servers[3].state == conf::ServerState::kMaint);
  CHECK(web().servers[3].upper_threshold == 9);
  CHECK(run("add server all 10.2.0.12 forward tunnel").starts_with("server 10.2.0.12"));
  CHECK(all().servers[1].address.port == 0);
  CHECK(all().servers[1].forward == "tunnel");
}

TEST_CASE_METHOD(Fixture, "add server refuses what it does not know or has already") {
  const std::string usage = "; usage: add server SERVICE ADDRESS [KEY VALUE]... [json]\n";
  CHECK(refused("add server web") ==
        "error: add server: expected a service, an address, and keys with a value each" + usage);
  CHECK(refused("add server web 10.2.0.13 weight") ==
        "error: add server: expected a service, an address, and keys with a value each" + usage);
  CHECK(refused("add server web 10.2.0") ==
        "error: add server: \"10.2.0\" is no real server's address (expected IP or IP:port)" +
            usage);
  CHECK(refused("add server nosuch 10.2.0.13").starts_with("error: no service \"nosuch\""));
  CHECK(refused("add server web 10.2.0.11") == "error: web has the server 10.2.0.11:80 already\n");
  CHECK(refused("add server web 10.2.0.13 wieght 3") ==
        "error: wieght: unknown key; did you mean \"weight\"?\n");
  CHECK(refused("add server web 10.2.0.13 weight many") ==
        "error: weight: found \"many\", expected a whole number from 0 to 65535\n");
  CHECK(refused("add server web 10.2.0.13 address 10.2.0.14") ==
        "error: add server: the address is given already" + usage);
  CHECK(refused("add server web 10.2.0.13 weight 1 state drain weight 2") ==
        "error: add server: weight is given twice" + usage);
}

// --- delete server

TEST_CASE_METHOD(Fixture, "delete server says farewell as it was told") {
  CHECK(run("delete server web 10.2.0.11") == "server 10.2.0.11:80 deleted from web\n");
  CHECK(web().servers.size() == 1);
  CHECK(changes.last_farewell->kind == Farewell::Kind::kDrain);
  CHECK(run("delete server web 10.2.0.12:8080 deadline 0 json") ==
        "{\"done\":\"server 10.2.0.12:8080 deleted from web\"}\n");
  CHECK(changes.last_farewell->deadline_seconds == 0U);
  CHECK(run("delete server all 10.2.0.11 force").starts_with("server 10.2.0.11"));
  CHECK(changes.last_farewell->kind == Farewell::Kind::kCut);
}

TEST_CASE_METHOD(Fixture, "delete server refuses what is not there") {
  const std::string usage =
      "; usage: delete server SERVICE ADDRESS [force | deadline SECONDS] [json]\n";
  CHECK(refused("delete server web") ==
        "error: delete server: expected a service and an address" + usage);
  CHECK(refused("delete server web 10.2.0.12") == "error: web has no server 10.2.0.12:80\n");
  CHECK(refused("delete server web 10.2.0.11 never") ==
        "error: delete server: unexpected \"never\" (expected force, or deadline SECONDS)" + usage);
  CHECK(refused("delete server nosuch 10.2.0.11").starts_with("error: no service \"nosuch\""));
  CHECK(refused("delete server web :80").starts_with("error: delete server: \":80\" is no real"));
}

// --- set server

TEST_CASE_METHOD(Fixture, "set server changes one key of one server") {
  CHECK(run("set server web 10.2.0.11 weight 0") == "server 10.2.0.11:80 of web: weight is 0\n");
  CHECK(web().servers[0].weight == 0);
  CHECK(run("set server web 10.2.0.12:8080 state drain json") ==
        "{\"done\":\"server 10.2.0.12:8080 of web: state is drain\"}\n");
  CHECK(web().servers[1].state == conf::ServerState::kDrain);
  run("set server web 10.2.0.12:8080 state ready");
  CHECK(web().servers[1].state == conf::ServerState::kReady);
  CHECK(run("set server web 10.2.0.11 upper_threshold 100") ==
        "server 10.2.0.11:80 of web: upper_threshold is 100\n");
  CHECK(web().servers[0].upper_threshold == 100);
  CHECK(web().servers[0].weight == 0);
}

TEST_CASE_METHOD(Fixture, "set server refuses what the file would") {
  CHECK(refused("set server web 10.2.0.11 weight") ==
        "error: set server: expected a service, an address, a key and a value; usage: set server "
        "SERVICE ADDRESS KEY VALUE [json]\n");
  for (const char* weight : {"65536", "-1"}) {
    CHECK(refused("set server web 10.2.0.11 weight " + std::string(weight)) ==
          "error: weight: found " + std::string(weight) +
              ", expected a whole number from 0 to 65535\n");
  }
  CHECK(refused("set server web 10.2.0.11 weight 1 2").starts_with("error: weight: found \"1 2\""));
  CHECK(refused("set server web 10.2.0.11 state up")
            .starts_with("error: state: found \"up\", expected one of \"ready\", \"drain\""));
  CHECK(refused("set server web 10.2.0.11 wieght 1") ==
        "error: wieght: unknown key; did you mean \"weight\"?\n");
  CHECK(refused("set server web 10.2.0.11 address 10.2.0.13") ==
        "error: address: a server's address stays what it is: add another server\n");
  CHECK(refused("set server web 10.2.0.13 weight 1") == "error: web has no server 10.2.0.13:80\n");
  CHECK(refused("set server nosuch 10.2.0.13 weight 1").starts_with("error: no service"));
}

// --- the rest

}  // namespace
}  // namespace control
