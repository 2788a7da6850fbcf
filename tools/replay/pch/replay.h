// Parsed once for the whole room; no file relies on it.

#include <nlohmann/json.hpp>

#include "dataplane/worker.h"
