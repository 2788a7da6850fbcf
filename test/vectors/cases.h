// The recorded cases, and for each whether lbd does as LVS did.
#pragma once

#include <span>
#include <string_view>

#include "test/vectors/recording.h"

namespace vectors_test {

enum class Verdict {
  kAsLvs,   // byte for byte, but for the numbers of what the director makes itself
  kBetter,  // deliberately otherwise: `why` says why, `edit` what exactly
};

struct Case {
  const char* name;
  Verdict verdict = Verdict::kAsLvs;
  const char* why = "";
  // Turns what LVS did into what lbd is to do.
  void (*edit)(Recording& recording) = nullptr;
  unsigned server_side_mtu = 1500;
  // LVS's sysctl, of whose value the name ends.
  bool sloppy_tcp() const { return std::string_view(name).ends_with("-sloppy1"); }
};

std::span<const Case> cases();

}  // namespace vectors_test
