// What the kernel's own LVS was recorded to do, against the path that lbd's workers take.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "test/vectors/cases.h"
#include "test/vectors/play.h"

using vectors_test::Case;
using vectors_test::Verdict;

namespace {

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n  ";
  return text;
}

}  // namespace

TEST_CASE("every recorded case is played as LVS did, but where the table says what is better") {
  for (const Case& recorded : vectors_test::cases()) {
    DYNAMIC_SECTION(recorded.name) {
      auto recording = vectors_test::read_recording(recorded.name);
      if (recorded.edit != nullptr) recorded.edit(recording);
      const auto differences = vectors_test::play(recording, recorded);
      INFO(text_of(differences));
      CHECK(differences.empty());
    }
  }
}

TEST_CASE("what is better than LVS differs from it, and says why") {
  for (const Case& recorded : vectors_test::cases()) {
    DYNAMIC_SECTION(recorded.name) {
      const bool better = recorded.verdict == Verdict::kBetter;
      CHECK(better == (recorded.edit != nullptr));
      CHECK(better == (std::string(recorded.why) != ""));
      if (!better) continue;
      const auto recording = vectors_test::read_recording(recorded.name);
      CHECK_FALSE(vectors_test::play(recording, recorded).empty());
    }
  }
}

TEST_CASE("every recording is in the table, once") {
  std::vector<std::string> recorded;
  for (const auto& file : std::filesystem::directory_iterator(LBD_VECTORS)) {
    if (file.path().extension() == ".json") recorded.push_back(file.path().stem());
  }
  std::vector<std::string> listed;
  for (const Case& listed_case : vectors_test::cases()) listed.emplace_back(listed_case.name);
  std::ranges::sort(recorded);
  std::ranges::sort(listed);
  CHECK(recorded == listed);
}
