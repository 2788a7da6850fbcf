// JSON text to conf::Value, strictly.
#pragma once

#include <expected>
#include <string_view>

#include "conf/error.h"
#include "conf/findings.h"
#include "conf/value.h"

namespace conf {

inline constexpr size_t kMaxDepth = 64;

// An error when the text is not JSON (RFC 8259, UTF-8, no comments, nothing after the value) or
// nested deeper than kMaxDepth: there is nothing to look at then. Repeated keys go to `findings`;
// all of their values are in the result and untrusted.
std::expected<Value, Error> parse_document(std::string_view text, Findings& findings);

}  // namespace conf
