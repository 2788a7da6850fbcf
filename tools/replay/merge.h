// Several captures as one, by time.
#pragma once

#include <vector>

#include "tools/replay/capture.h"
#include "tools/replay/heap_io.h"

namespace replay {

struct Input {
  size_t interface;
  std::string path;
};

struct MergedFrame {
  size_t interface;
  Time time;
  Bytes bytes;
};

class Merge {
 public:
  // Errors: a file that cannot be read.
  static std::expected<Merge, std::string> open(const std::vector<Input>& inputs);

  // The earliest frame that is left, of frames of one time the one of the earlier input; nullopt:
  // none is. Of a file that is broken nothing comes after what was whole.
  std::optional<MergedFrame> next();
  // What is wrong with broken ones, as far as they have been read.
  std::vector<std::string> faults() const;

  // One line for each capture that holds something which cannot be replayed as it was.
  std::vector<std::string> complaints() const;

 private:
  struct Source {
    size_t interface;
    CaptureReader reader;
    std::optional<MergedFrame> head;
    std::optional<std::string> fault = {};
    uint64_t frames = 0;
    uint64_t cut = 0;
    uint64_t too_large = 0;
    uint64_t backwards = 0;
    Time last = 0;
  };
  static void read_head(Source& source);

  std::vector<Source> sources_;
};

}  // namespace replay
