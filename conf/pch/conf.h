// Parsed once for the whole room; no file relies on it.

#include <fmt/format.h>
