// "Did you mean …": the known word that someone probably wanted to write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conf {

// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other,
// each place touched once (optimal string alignment).
size_t edit_distance(std::string_view from, std::string_view to);

// The closest of `known`, case aside; empty when none is close enough to be meant.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// The same as the end of an error, "; did you mean …?"; empty when there is none.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace conf
