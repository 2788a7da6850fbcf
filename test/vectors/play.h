// Plays a recorded case through a director and says what it did otherwise.
#pragma once

#include <string>
#include <vector>

#include "test/vectors/director.h"
#include "test/vectors/recording.h"

namespace vectors_test {

// One entry per difference; none: the director did all as recorded.
std::vector<std::string> play(const Recording& recording, const Case& recorded);

}  // namespace vectors_test
