// A configuration as JSON again.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "conf/config.h"

namespace conf {

// A file that loads to `config`, defaults spelled out. Only what no value can say stays away:
// `mbufs` and `control.metrics` when unset, the name of a service that was given none.
nlohmann::json to_json(const Config& config);

// Their parts, as they stand in the file.
nlohmann::json to_json(const Interface& interface);
nlohmann::json to_json(const ServiceSettings& settings);
nlohmann::json to_json(const Service& service);
nlohmann::json to_json(const Server& server, const ServiceSettings& service);

}  // namespace conf
