// Parsed once for the whole room; no file relies on it.

#include <catch2/catch.hpp>

#include "test/dataplane/support/describe.h"
#include "test/dataplane/support/lab.h"
