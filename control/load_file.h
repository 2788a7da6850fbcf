// From a configuration file's name to a valid configuration.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "conf/config.h"

namespace control {

// The errors are lines for people, each beginning with the file's name.
std::expected<conf::Config, std::vector<std::string>> load_file(const std::string& path);

}  // namespace control
