#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "control/load_file.h"
#include "test/temp_dir.h"

namespace fs = std::filesystem;

TEST_CASE("every example passes lbd's own check, with the real schedulers and methods") {
  size_t examples = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(LBD_SOURCE_DIR) / "conf" / "examples")) {
    if (entry.path().extension() != ".json") continue;  // another program's file
    const auto config = control::load_file(entry.path());
    INFO(entry.path());
    CHECK(config.has_value());
    ++examples;
  }
  CHECK(examples >= 4);
}

TEST_CASE("a file that cannot be read is an error with its name and the system's reason") {
  const auto config = control::load_file("/nonexistent/lbd.json");
  REQUIRE_FALSE(config);
  REQUIRE(config.error().size() == 1);
  CHECK(config.error()[0] == "/nonexistent/lbd.json: cannot be read: No such file or directory");
  const shared_test::TempDir directory;
  const std::string path = directory / "";
  const auto none = control::load_file(path);
  REQUIRE_FALSE(none);
  REQUIRE(none.error().size() == 1);
  CHECK(none.error()[0] == path + ": cannot be read: Is a directory");
}

TEST_CASE("each error of a file is a line that begins with the file's name") {
  const shared_test::TempDir directory;
  const fs::path path = directory / "bad.json";
  std::ofstream(path) << R"({"interfaces": [], "sevices": [], "timeouts": {"tcp": 0}})";
  const auto config = control::load_file(path);
  REQUIRE_FALSE(config);
  CHECK(config.error().size() >= 3);
  for (const std::string& line : config.error())
    CHECK_THAT(line, Catch::StartsWith(path.string() + ": /"));
}
