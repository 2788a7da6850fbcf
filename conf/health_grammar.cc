#include "conf/health_grammar.h"

#include <fmt/format.h>

#include "conf/config.h"
#include "conf/format.h"

namespace conf {
namespace {

Property option(std::string name, Shape shape, std::string default_json, std::string description) {
  return {std::move(name), std::move(shape), std::move(description), false,
          std::move(default_json)};
}

// The default that a C++ value has is the file's.
std::string json(uint32_t milliseconds) { return fmt::format("{}", milliseconds / 1000.0); }

// Short enough for what a day's operation needs, long enough not to be a load by itself.
constexpr uint32_t kShortestMs = 10;
constexpr uint32_t kLongestMs = 24 * 60 * 60 * 1000;
constexpr uint64_t kMostInARow = 1000;

void add_common(Object& object, CheckType::Port port) {
  auto& properties = object.properties;
  properties.push_back(option("interval", {Seconds{kShortestMs, kLongestMs}},
                              json(HealthCheck{}.interval_ms),
                              "Seconds from the start of one check to that of the next."));
  properties.push_back(option("timeout", {Seconds{kShortestMs, kLongestMs}},
                              json(HealthCheck{}.timeout_ms),
                              "Seconds after which a check without result has failed."));
  properties.push_back(option("fall", {Integer{1, kMostInARow}}, std::to_string(HealthCheck{}.fall),
                              "Failures in a row that make the server down."));
  properties.push_back(option("rise", {Integer{1, kMostInARow}}, std::to_string(HealthCheck{}.rise),
                              "Successes in a row that make it up again."));
  properties.push_back(option("start_down", {Boolean{}}, "false",
                              "Whether a server is down until `rise` checks have passed."));
  properties.push_back(
      option("address", {address_text()}, "", "Where it is asked, if not at its own address."));
  if (port == CheckType::Port::kNone) return;
  properties.push_back(
      option("port", {Integer{1, 65535}}, "", "Where it is asked, if not at its own port."));
}

}  // namespace

Shape health_check_shape(const Vocabulary& vocabulary) {
  Choice types{{{std::string(kNoCheck), "the server is not checked"}}};
  for (const CheckType& type : vocabulary.checks) types.words.push_back({type.name, type.summary});
  const Property tag{"type", {types}, "How the server is asked.", true};
  Tagged shape{"type", {{std::string(kNoCheck), {{tag}}}}};
  for (const CheckType& type : vocabulary.checks) {
    Object object{{tag}};
    object.properties.insert(object.properties.end(), type.options.begin(), type.options.end());
    add_common(object, type.port);
    shape.cases.push_back({type.name, std::move(object)});
  }
  return {shape};
}

}  // namespace conf
