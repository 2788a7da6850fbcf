// From the text of a configuration file to a valid configuration.
#pragma once

#include <expected>
#include <optional>
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

// The text of one entry of `services`, with pointers into it. What it must not have in common with
// the rest of a configuration is left to check_service.
std::expected<Service, std::vector<Error>> load_service(std::string_view json_text,
                                                        const Vocabulary& vocabulary);

// What is wrong with a configuration that was made of parts. No error: load would give it.
std::vector<Error> check_config(const Config& config, const Vocabulary& vocabulary);

// What is wrong with a service as a part of `config`, whose service at `place` it is to replace, or
// to which it is to be added.
std::vector<Error> check_service(const Config& config, const Service& service,
                                 std::optional<size_t> place, const Vocabulary& vocabulary);

}  // namespace conf
