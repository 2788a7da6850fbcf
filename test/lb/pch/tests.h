// Parsed once for the whole room; no file relies on it.

#include <catch2/catch.hpp>

#include "test/lb/connections_support.h"
#include "test/lb/support.h"
