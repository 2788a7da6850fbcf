// Parsed once for the whole room; no file relies on it.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "conf/load.h"
#include "control/command_table.h"
#include "control/interpreter.h"
#include "control/vocabulary.h"
#include "test/control/live_bench.h"
