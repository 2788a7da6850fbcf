// Parsed once for the whole room; no file relies on it.

#include <catch2/catch.hpp>

#include "test/scheduler/support.h"
