// The JSON Schema against the description that validates: the same keys, defaults that are valid,
// and patterns that say what the checks do.
#include "conf/schema.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "conf/document.h"
#include "conf/format.h"
#include "conf/grammar.h"
#include "conf/validate.h"
#include "test/conf/support.h"

namespace {

using conf::Shape;
using nlohmann::json;

template <class Visit>
void each_object(const Shape& shape, const json& schema, Visit visit) {
  if (const auto* list = std::get_if<conf::List>(&shape.kind)) {
    each_object(*list->item, schema["items"], visit);
  } else if (const auto* object = std::get_if<conf::Object>(&shape.kind)) {
    visit(*object, schema);
    for (const conf::Property& property : object->properties) {
      each_object(property.shape, schema["properties"][property.name], visit);
    }
  }
}

bool is_valid(const std::string& text, const Shape& shape) {
  conf::Findings findings;
  const auto value = conf::parse_document(text, findings);
  REQUIRE(value);
  conf::validate(*value, shape, findings);
  return findings.empty();
}

}  // namespace

TEST_CASE("the Schema has every key that validation knows, described, and no other") {
  const json schema = conf::schema(conf_test::vocabulary());
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  size_t objects = 0;
  each_object(conf::grammar(conf_test::vocabulary()), schema,
              [&](const conf::Object& object, const json& printed) {
                ++objects;
                CHECK(printed["type"] == "object");
                CHECK(printed["additionalProperties"] == false);
                CHECK(printed["properties"].size() == object.properties.size());
                for (const conf::Property& property : object.properties) {
                  INFO(property.name);
                  REQUIRE(printed["properties"].contains(property.name));
                  const json& entry = printed["properties"][property.name];
                  CHECK(entry["description"] == property.description);
                  CHECK(property.description.ends_with('.'));
                  CHECK(entry.contains("default") == !property.default_json.empty());
                  const json required = printed.value("required", json::array());
                  const bool listed = std::ranges::count(required, json(property.name)) == 1;
                  CHECK(listed == property.required);
                }
              });
  CHECK(objects == 13);
}

TEST_CASE("every default is valid where it stands") {
  each_object(conf::grammar(conf_test::vocabulary()), conf::schema(conf_test::vocabulary()),
              [](const conf::Object& object, const json&) {
                for (const conf::Property& property : object.properties) {
                  INFO(property.name);
                  if (property.default_json.empty()) continue;
                  CHECK(is_valid(property.default_json, property.shape));
                }
              });
}

TEST_CASE("the Schema lists the vocabulary's words with their summaries") {
  const json service = conf::schema(conf_test::vocabulary())["properties"]["services"]["items"];
  CHECK(service["properties"]["scheduler"]["default"] == "wlc");
  CHECK(service["properties"]["scheduler"]["oneOf"][0] ==
        json{{"const", "rr"}, {"description", "round robin"}});
  CHECK(service["properties"]["forward"]["oneOf"].size() == 3);
  const json server = service["properties"]["servers"]["items"];
  CHECK_FALSE(server["properties"]["forward"].contains("default"));
}

TEST_CASE("a pattern accepts what its check accepts") {
  const std::vector<std::string> samples = {"",
                                            "0",
                                            "a",
                                            "a b",
                                            "a.b-c_d",
                                            "a:b",
                                            "0000:03:00.0",
                                            "10.0.0.1",
                                            "10.0.0.256",
                                            "010.0.0.1",
                                            "1.2.3",
                                            "1.2.3.4.5",
                                            "255.255.255.255",
                                            "0.0.0.0",
                                            "10.0.0.1:0",
                                            "10.0.0.1:1",
                                            "10.0.0.1:65535",
                                            "10.0.0.1:65536",
                                            "10.0.0.1:080",
                                            "10.0.0.1:",
                                            ":80",
                                            "10.0.0.1:-1",
                                            "10.0.0.1/0",
                                            "10.0.0.1/9",
                                            "10.0.0.1/29",
                                            "10.0.0.1/32",
                                            "10.0.0.1/33",
                                            "10.0.0.1/08",
                                            "10.0.0.1/",
                                            "::1",
                                            "[::1]:80",
                                            "::/0",
                                            "02:00:00:00:00:01",
                                            "02:00:00:00:00:0G",
                                            "02:00:00:00:00",
                                            "02-00-00-00-00-01",
                                            "1-65535",
                                            "7-7",
                                            "0-7",
                                            "7-65536",
                                            "07-8",
                                            "7-08",
                                            "7-+8",
                                            "7--8",
                                            "7-8-9",
                                            "7 - 8",
                                            "7-",
                                            "-7",
                                            "-",
                                            "0600",
                                            "600",
                                            "0800",
                                            "00600",
                                            "/",
                                            "/a",
                                            "/a/",
                                            "a/b",
                                            "/run/lbd/lbd.sock",
                                            std::string(63, 'x'),
                                            std::string(64, 'x'),
                                            "/" + std::string(106, 'x'),
                                            "/" + std::string(107, 'x'),
                                            "10.0.0.1 ",
                                            " 10.0.0.1",
                                            "é"};
  for (const conf::Text& text :
       {conf::any_argument(), conf::name_text(), conf::device_text(), conf::address_text(),
        conf::prefix_text(), conf::endpoint_text(), conf::service_address_text(),
        conf::netmask_text(), conf::server_text(), conf::mac_text(), conf::socket_path_text(),
        conf::file_mode_text(), conf::ports_text()}) {
    const std::regex pattern(text.pattern);
    for (const std::string& sample : samples) {
      INFO(text.expected << " : " << sample);
      CHECK(std::regex_match(sample, pattern) == !text.format(sample).has_value());
    }
  }
}
