// Where lines of log go, in order and whole, without ever waiting long for whoever reads them: a
// pipe that nobody empties, or a journal that stands still, must not stop the director.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace control::log {

class LineSink {
 public:
  explicit LineSink(int descriptor) : descriptor_(descriptor) {}

  // Writes a line, at once as a rule; where there is no room, after a short while. A line for which
  // none comes is lost; before the next one that is written stands what `of_lost` makes of how many
  // were. An error of the descriptor itself has nowhere to go and is ignored.
  void put(std::string_view line, const std::function<std::string(uint64_t)>& of_lost);

 private:
  bool has_room();

  int descriptor_;
  uint64_t lost_ = 0;
  bool is_cut_ = false;     // the last line, in its middle
  bool is_patient_ = true;  // until it has waited in vain
};

}  // namespace control::log
