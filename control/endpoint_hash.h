// For unordered maps of endpoints.
#pragma once

#include <functional>
#include <string_view>

#include "lb/address.h"

namespace control {

struct EndpointHash {
  size_t operator()(const lb::Endpoint& endpoint) const {
    const auto& bytes = endpoint.address.bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return std::hash<std::string_view>()(text) ^ endpoint.port * size_t{0x9e3779b97f4a7c15};
  }
};

}  // namespace control
