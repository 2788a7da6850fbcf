// Parsed once for the whole room; no file relies on it.

#include <catch2/catch.hpp>
