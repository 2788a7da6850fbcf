// All forwarding methods; a method's position is its lb::MethodNumber.
#pragma once

#include <optional>
#include <span>

#include "dataplane/method.h"

namespace dataplane {

template <class F>
std::span<const Method<F>> methods();

std::optional<lb::MethodNumber> find_method(std::string_view name);

}  // namespace dataplane
