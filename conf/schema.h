// The JSON Schema of lbd's file.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "conf/vocabulary.h"

namespace conf {

// Draft 2020-12, from the same description that load() validates against. What it accepts, load()
// may still refuse: a schema cannot compare one value with another.
nlohmann::json schema(const Vocabulary& vocabulary);

}  // namespace conf
