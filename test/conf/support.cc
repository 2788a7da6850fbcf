#include "test/conf/support.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "conf/load.h"

namespace conf_test {

const conf::Vocabulary& vocabulary() {
  static const conf::Vocabulary result = {
      .schedulers = {{"rr", "round robin"},
                     {"wrr", "weighted round robin"},
                     {"lc", "least connections"},
                     {"wlc", "weighted least connections"}},
      .methods = {{"nat", "rewrite addresses"},
                  {"dr", "rewrite the MAC address", /*keeps_port=*/true, /*on_link=*/true},
                  {"tunnel", "wrap in IP", /*keeps_port=*/true, /*on_link=*/false,
                   /*needs_address=*/true}},
      .checks = {{"knock",
                  "says words",
                  conf::CheckType::Port::kNeeded,
                  {{"words",
                    {conf::List{std::make_shared<const conf::Shape>(
                        conf::Shape{conf::Text{"a word", "", nullptr}})}},
                    "What it says."},
                   {"loud", {conf::Boolean{}}, "How.", false, "false"}}},
                 {"look", "says nothing", conf::CheckType::Port::kNone}}};
  return result;
}

std::string file(std::string_view services, std::string_view routes, std::string_view interfaces) {
  return fmt::format(R"({{"interfaces": {}, "routes": {}, "services": {}}})", interfaces, routes,
                     services);
}

std::string file_with(std::string_view keys) {
  return fmt::format(R"({{"interfaces": {}, {}}})", kTwoArms, keys);
}

std::string service(std::string_view servers, std::string_view keys) {
  return fmt::format(R"([{{"protocol": "tcp", "address": "192.168.22.11:80", {}"servers": {}}}])",
                     keys, servers);
}

std::string verdict(std::string_view text, const conf::Vocabulary& vocabulary) {
  const auto config = conf::load(text, vocabulary);
  if (config) return "ok";
  std::string result;
  for (const conf::Error& error : config.error()) {
    if (!result.empty()) result += '\n';
    result += error.to_string();
  }
  return result;
}

std::string read_example(const std::string& name) {
  const std::string path = std::string(LBD_SOURCE_DIR) + "/conf/examples/" + name;
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void check_verdicts(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(verdict(c.text) == c.verdict);
  }
}

}  // namespace conf_test
