#include "conf/schema.h"

#include <nlohmann/json.hpp>

#include "conf/grammar.h"

namespace conf {
namespace {

using nlohmann::json;

json describe(const Shape& shape);

json describe(const Text& text) {
  json result = {{"type", "string"}};
  if (!text.pattern.empty()) result["pattern"] = text.pattern;
  return result;
}

json describe(const Integer& integer) {
  return {{"type", "integer"}, {"minimum", integer.min}, {"maximum", integer.max}};
}

json describe(const Boolean&) { return {{"type", "boolean"}}; }

json describe(const Seconds& seconds) {
  return {{"type", "number"},
          {"minimum", seconds.min_ms / 1000.0},
          {"maximum", seconds.max_ms / 1000.0}};
}

json describe(const Choice& choice) {
  json words = json::array();
  for (const Choice::Word& word : choice.words) {
    words.push_back({{"const", word.name}, {"description", word.description}});
  }
  return {{"oneOf", words}};
}

json describe(const List& list) {
  json result = {{"type", "array"}, {"items", describe(*list.item)}};
  if (list.min_items != List{}.min_items) result["minItems"] = list.min_items;
  if (list.max_items != List{}.max_items) result["maxItems"] = list.max_items;
  return result;
}

json describe(const OneOrMany& many) {
  const json list = describe(List{.item = many.item, .min_items = 1});
  return {{"anyOf", json::array({describe(*many.item), list})}};
}

json describe(const Object& object);

// Without knowing the selector: any case will do.
json describe(const Selected& selected) {
  json cases = json::array();
  for (const Selected::Case& candidate : selected.cases)
    cases.push_back(describe(candidate.object));
  return {{"type", "object"}, {"anyOf", cases}};
}

json describe(const Tagged& tagged) {
  json cases = json::array();
  for (const Selected::Case& candidate : tagged.cases) {
    json described = describe(candidate.object);
    described["properties"][tagged.tag] = {{"const", candidate.name}};
    cases.push_back(std::move(described));
  }
  return {{"type", "object"}, {"oneOf", cases}};
}

// Where the object itself holds the selector, exactly one case will do.
void add_conditions(const Property& property, const Selected& selected, json& object) {
  for (const Selected::Case& candidate : selected.cases) {
    const json is_case = {{"properties", {{selected.selector, {{"const", candidate.name}}}}},
                          {"required", json::array({selected.selector})}};
    const json then = {{"properties", {{property.name, describe(candidate.object)}}}};
    object["allOf"].push_back({{"if", is_case}, {"then", then}});
  }
}

json describe(const Object& object) {
  json result = {{"type", "object"}, {"additionalProperties", false}};
  json& properties = result["properties"] = json::object();
  for (const Property& property : object.properties) {
    json& entry = properties[property.name] = describe(property.shape);
    entry["description"] = property.description;
    if (!property.default_json.empty()) entry["default"] = json::parse(property.default_json);
    if (property.required) result["required"].push_back(property.name);
  }
  for (const Property& property : object.properties) {
    if (const auto* selected = std::get_if<Selected>(&property.shape.kind)) {
      add_conditions(property, *selected, result);
    }
  }
  return result;
}

json describe(const Shape& shape) {
  return std::visit([](const auto& kind) { return describe(kind); }, shape.kind);
}

}  // namespace

json schema(const Vocabulary& vocabulary) {
  json result = describe(grammar(vocabulary));
  result["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  result["title"] = "lbd configuration";
  return result;
}

}  // namespace conf
