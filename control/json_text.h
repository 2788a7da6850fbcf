// JSON as replies carry it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace control {

// One line, keys in the order in which they were set. Invalid UTF-8 becomes U+FFFD: it may come
// from a file's names, and dump() would throw.
std::string json_text(const nlohmann::ordered_json& value);

// Indented, for documents that people edit.
std::string json_document(const nlohmann::json& value);

}  // namespace control
