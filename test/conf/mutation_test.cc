// Files that are damaged at random: loading ends, says why it refuses, and accepts no key that it
// does not know.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "conf/load.h"
#include "conf/schema.h"
#include "conf/write.h"
#include "test/conf/support.h"

namespace {

using nlohmann::json;

// Every key of `value` is one that the Schema has at its place.
bool knows_all_keys(const json& value, const json& schema) {
  if (value.is_array()) {
    const json& items = schema.contains("anyOf") ? schema["anyOf"][1]["items"] : schema["items"];
    return std::ranges::all_of(value,
                               [&](const json& item) { return knows_all_keys(item, items); });
  }
  if (!value.is_object()) return true;
  for (const auto& [key, member] : value.items()) {
    if (!schema["properties"].contains(key)) return false;
    if (!knows_all_keys(member, schema["properties"][key])) return false;
  }
  return true;
}

class Mutator {
 public:
  std::string mutate(std::string text) {
    const size_t edits = 1 + random_() % 3;
    for (size_t i = 0; i < edits; ++i) edit(text);
    return text;
  }

 private:
  void edit(std::string& text) {
    static constexpr std::string_view kPieces[] = {
        "{",    "}",    "[",     "]",   ",",   ":",    "\"",      "\"x\": 1, ",
        "null", "true", "1e9",   "-1",  "0",   "/",    "\\u0000", "é",
        "\xff", "[]",   "65536", "::1", "/33", "{}, ", "\n",      "99999999999999999999"};
    const size_t at = random_() % (text.size() + 1);
    const size_t length = random_() % 4;
    switch (random_() % 4) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kPieces[random_() % std::size(kPieces)]);
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      default:
        text.insert(at, text.substr(random_() % (text.size() + 1), random_() % 40));
        break;
    }
  }

  std::mt19937 random_{20240607};
};

}  // namespace

TEST_CASE("a damaged file is refused with reasons or loads without unknown keys") {
  const json schema = conf::schema(conf_test::vocabulary());
  Mutator mutator;
  size_t accepted = 0;
  for (const char* name : {"nat.json", "nat-one-arm.json", "nat-masquerade.json", "dr.json",
                           "tunnel.json", "udp.json"}) {
    const std::string valid = conf_test::read_example(name);
    for (int i = 0; i < 1000; ++i) {
      const std::string text = mutator.mutate(valid);
      const auto config = conf::load(text, conf_test::vocabulary());
      INFO(text);
      if (!config) {
        REQUIRE_FALSE(config.error().empty());
        for (const conf::Error& error : config.error()) {
          REQUIRE(error.to_string().find('\n') == std::string::npos);
          REQUIRE_FALSE(error.text.empty());
        }
        continue;
      }
      ++accepted;
      REQUIRE(knows_all_keys(json::parse(text), schema));
      REQUIRE(conf::load(conf::to_json(*config).dump(), conf_test::vocabulary()) == config);
    }
  }
  CHECK(accepted > 100);  // else the test would say nothing about accepted files
}
