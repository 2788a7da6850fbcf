// What is wrong with a file, and which of its values nobody should look at any further: a value
// that was refused counts as unknown, not as absent, so that one fault is reported once.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conf/error.h"
#include "conf/value.h"

namespace conf {

class Findings {
 public:
  void add(std::string pointer, std::string text);
  // The value at `pointer` is unknown from now on, whether or not the file has one.
  void distrust(std::string pointer);

  bool empty() const { return errors_.empty(); }
  // Neither this value nor one that encloses it is unknown.
  bool usable(std::string_view pointer) const;
  // Nor any value inside it.
  bool complete(std::string_view pointer) const;

  // The errors, each at the place where the file's reader comes across it.
  std::vector<Error> in_file_order(const Value& root) const;

 private:
  std::vector<Error> errors_;
  std::set<std::string, std::less<>> unknown_;
};

}  // namespace conf
