#include "control/service_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace control {

std::string no_such_service(std::string_view name, const std::vector<std::string_view>& known) {
  constexpr size_t kListed = 20;
  if (known.empty()) return fmt::format("no service \"{}\"; services: none", name);
  const auto listed = std::span(known).first(std::min(known.size(), kListed));
  return fmt::format("no service \"{}\"; services: {}{}", name, fmt::join(listed, ", "),
                     listed.size() == known.size() ? "" : ", …");
}

}  // namespace control
