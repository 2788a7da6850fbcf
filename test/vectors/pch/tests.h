// Parsed once for the whole room; no file relies on it.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "control/vocabulary.h"
#include "dataplane/worker.h"
#include "tools/replay/session.h"
