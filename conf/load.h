// From the text of a configuration file to a valid configuration.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/error.h"
#include "conf/vocabulary.h"

namespace conf {

// All errors of the text in the order of the file, or a configuration that has passed every check
// that needs neither devices nor the machine. Any thread; no I/O.
std::expected<Config, std::vector<Error>> load(std::string_view json_text,
                                               const Vocabulary& vocabulary);

}  // namespace conf
