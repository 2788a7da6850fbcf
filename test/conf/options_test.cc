// A scheduler or a method that brings options of its own: conf/ learns of them from the vocabulary
// alone.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "conf/schema.h"
#include "conf/write.h"
#include "test/conf/support.h"

using conf::Vocabulary;
using conf_test::file;
using conf_test::service;

namespace {

const Vocabulary& with_options() {
  const conf::Property size = {"size", {conf::Integer{1, 65537}}, "Slots.", false, "4099"};
  const conf::Property ports = {"ports", {conf::Boolean{}}, "Hash ports too.", false, "false"};
  const conf::Property type = {"type",
                               {conf::Choice{{{"ipip", "bare"}, {"gue", "in UDP"}}}},
                               "Wrapping.",
                               false,
                               "\"ipip\""};
  static const Vocabulary result = {
      .schedulers = {{"wlc", "weighted least connections"}, {"ring", "hash ring", {size, ports}}},
      .methods = {{"nat", "rewrite"}, {"wrap", "encapsulate", true, false, false, {type}}}};
  return result;
}

std::string verdict(const std::string& text) { return conf_test::verdict(text, with_options()); }

std::string one(const std::string& server_keys, const std::string& keys) {
  return file(service(R"([{"address": "192.168.11.100")" + server_keys + "}]", keys));
}

conf::Service loaded(const std::string& text) {
  INFO(verdict(text));
  const auto config = conf::load(text, with_options());
  REQUIRE(config);
  CHECK(conf::load(conf::to_json(*config).dump(), with_options()) == config);
  return config->services[0];
}

}  // namespace

TEST_CASE("options are validated by the chosen entry's description") {
  CHECK(verdict(
            one("", R"("scheduler": "ring", "scheduler_options": {"size": 0, "prots": true}, )")) ==
        "/services/0/scheduler_options/size: found 0, expected a whole number from 1 to 65537\n"
        "/services/0/scheduler_options/prots: unknown key; did you mean \"ports\"?");
  CHECK(verdict(one("", R"("scheduler_options": {"size": 7}, )")) ==
        "/services/0/scheduler_options/size: unknown key, expected none here");
  CHECK(verdict(one("", R"("scheduler_options": {"size": 7}, "scheduler": "rnig", )")) ==
        "/services/0/scheduler: found \"rnig\", expected one of \"wlc\", \"ring\"; did you mean "
        "\"ring\"?");
  CHECK(verdict(one(R"(, "forward_options": {"type": "geu"})", R"("forward": "wrap", )")) ==
        "/services/0/servers/0/forward_options/type: found \"geu\", expected one of \"ipip\", "
        "\"gue\"; did you mean \"gue\"?");
}

TEST_CASE("options that are left out have their defaults") {
  CHECK(loaded(one("", "")).scheduler_options.empty());
  CHECK(loaded(one("", R"("scheduler": "ring", )")).scheduler_options ==
        conf::Options{{"size", uint64_t{4099}}, {"ports", false}});
  CHECK(loaded(one("", R"("scheduler": "ring", "scheduler_options": {"ports": true}, )"))
            .scheduler_options == conf::Options{{"size", uint64_t{4099}}, {"ports", true}});
}

TEST_CASE("a server takes the service's options with its method, or has its own") {
  const std::string gue = R"("forward": "wrap", "forward_options": {"type": "gue"}, )";
  const conf::Options is_gue = {{"type", std::string("gue")}};
  const conf::Options is_ipip = {{"type", std::string("ipip")}};
  CHECK(loaded(one("", gue)).servers[0].forward_options == is_gue);
  CHECK(loaded(one(R"(, "forward": "wrap")", gue)).servers[0].forward_options == is_gue);
  CHECK(loaded(one(R"(, "forward_options": {})", gue)).servers[0].forward_options == is_ipip);
  CHECK(loaded(one(R"(, "forward": "nat")", gue)).servers[0].forward_options.empty());
  CHECK(loaded(one(R"(, "forward": "wrap")", "")).servers[0].forward_options == is_ipip);
}

TEST_CASE("a table without the usual default makes its key required") {
  const Vocabulary other = {.schedulers = {{"x", "X"}}, .methods = {{"nat", "rewrite"}}};
  CHECK(conf_test::verdict(one("", ""), other) ==
        "/services/0: missing key \"scheduler\", expected \"x\"");
}

TEST_CASE("the Schema ties options to the entry that has them") {
  const auto service = conf::schema(with_options())["properties"]["services"]["items"];
  CHECK(service["properties"].contains("scheduler_options"));
  REQUIRE(service["allOf"].size() == 4);
  const auto ring = service["allOf"][1];
  CHECK(ring["if"]["properties"]["scheduler"]["const"] == "ring");
  CHECK(ring["then"]["properties"]["scheduler_options"]["properties"]["size"]["maximum"] == 65537);
  const auto none = conf::schema(conf_test::vocabulary())["properties"]["services"]["items"];
  CHECK_FALSE(none["properties"].contains("scheduler_options"));
}
