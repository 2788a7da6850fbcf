// How commands name a service: by its name, or by "tcp:IP:port", whatever its name is.
#pragma once

#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace control {

// What a command that names none is told, with the first of those that there are.
std::string no_such_service(std::string_view name, const std::vector<std::string_view>& known);

// `name_of`: a projection of the elements to their names.
template <std::ranges::range Services, class NameOf>
std::string no_such_service(std::string_view name, const Services& services, NameOf name_of) {
  std::vector<std::string_view> known;
  for (const auto& service : services) known.push_back(service.*name_of);
  return no_such_service(name, known);
}

}  // namespace control
