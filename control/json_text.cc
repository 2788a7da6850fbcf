#include "control/json_text.h"

#include <nlohmann/json.hpp>

namespace control {
namespace {
constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
}

std::string json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, kReplace) + '\n';
}

std::string json_document(const nlohmann::json& value) {
  return value.dump(2, ' ', false, kReplace) + '\n';
}

}  // namespace control
