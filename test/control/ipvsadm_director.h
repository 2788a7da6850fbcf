// A director that ipvsadm's commands change, for as many commands as a test has.
#pragma once

#include <string>
#include <string_view>

#include "conf/vocabulary.h"
#include "control/command.h"
#include "test/control/fake_changes.h"

namespace control::test {

// LVS's schedulers, as far as the tests name them; sh and mh have the options of their flags.
conf::Vocabulary lvs_vocabulary();

struct IpvsadmDirector {
  FakeChanges changes;
  conf::Vocabulary vocabulary = lvs_vocabulary();

  Reply run(const std::string& line, std::string_view document = {}, Level level = Level::kAdmin);
  // What the line prints, to where it prints it, as the recordings have it: "[exit STATUS]"
  // follows.
  std::string transcript(const std::string& line, std::string_view document = {});
  // The line must succeed.
  std::string output(const std::string& line, std::string_view document = {});
  // "STATUS TEXT"; the line must fail.
  std::string error(const std::string& line, std::string_view document = {});
};

}  // namespace control::test
