// Parsed once for all tests of the room; no file relies on it.

#include <utility>  // before Asio: Boost 1.74 forgets it

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>
#include <string>
#include <vector>
