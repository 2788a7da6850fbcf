// Parsed once for the whole room; no file relies on it.

#include <fmt/format.h>

#include <catch2/catch.hpp>
