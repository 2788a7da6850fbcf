// A file is replaced as a whole, or is what it was.
#include "control/save_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "test/temp_dir.h"

namespace control {
namespace {

namespace fs = std::filesystem;

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::trunc) << text;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::set<std::string> names(const std::string& directory) {
  std::set<std::string> result;
  for (const auto& entry : fs::directory_iterator(directory)) {
    result.insert(entry.path().filename().string());
  }
  return result;
}

struct stat status(const std::string& path) {
  struct stat result {};
  REQUIRE(lstat(path.c_str(), &result) == 0);
  return result;
}

mode_t mode(const std::string& path) { return status(path).st_mode & 07777; }

using Names = std::set<std::string>;

TEST_CASE("save: the file has the new text and the old one stands beside it") {
  const shared_test::TempDir dir;
  const std::string path = dir / "lbd.json";
  write(path, "one");
  REQUIRE(save_file(path, "two").has_value());
  CHECK(read(path) == "two");
  CHECK(read(path + ".old") == "one");
  REQUIRE(save_file(path, "three").has_value());
  CHECK(read(path) == "three");
  CHECK(read(path + ".old") == "two");
  CHECK(names(dir / "") == Names{"lbd.json", "lbd.json.old"});
}

TEST_CASE("save: a file that was not there is made, for its owner alone") {
  const shared_test::TempDir dir;
  REQUIRE(save_file(dir / "lbd.json", "one").has_value());
  CHECK(read(dir / "lbd.json") == "one");
  CHECK(mode(dir / "lbd.json") == 0600);
  CHECK(names(dir / "") == Names{"lbd.json"});
}

TEST_CASE("save: mode and owner stay") {
  const shared_test::TempDir dir;
  const std::string path = dir / "lbd.json";
  write(path, "one");
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  const bool root = geteuid() == 0;
  if (root) REQUIRE(chown(path.c_str(), 4711, 4712) == 0);
  const mode_t before = umask(0777);
  const auto saved = save_file(path, "two");
  umask(before);
  REQUIRE(saved.has_value());
  CHECK(mode(path) == 0640);
  if (root) {
    CHECK(status(path).st_uid == 4711);
    CHECK(status(path).st_gid == 4712);
    CHECK(status(path + ".old").st_uid == 4711);
  }
}

TEST_CASE("save: a symbolic link leads where it led") {
  const shared_test::TempDir dir;
  fs::create_directory(dir / "real");
  write(dir / "real/lbd.json", "one");
  fs::create_symlink("real/lbd.json", dir / "link");
  REQUIRE(save_file(dir / "link", "two").has_value());
  CHECK(fs::is_symlink(dir / "link"));
  CHECK(read(dir / "link") == "two");
  CHECK(read(dir / "real/lbd.json") == "two");
  CHECK(read(dir / "real/lbd.json.old") == "one");
  CHECK(names(dir / "") == Names{"link", "real"});
}

TEST_CASE("save: what a crash has left behind is in nobody's way") {
  const shared_test::TempDir dir;
  const std::string path = dir / "lbd.json";
  write(path, "one");
  write(path + ".new", "half of a tex");
  // Between the old one being kept and the new one taking its place.
  fs::create_hard_link(path, path + ".old");
  REQUIRE(save_file(path, "two").has_value());
  CHECK(read(path) == "two");
  CHECK(read(path + ".old") == "one");
  CHECK(names(dir / "") == Names{"lbd.json", "lbd.json.old"});
}

TEST_CASE("save: where no directory is, or nobody may write, one line says so") {
  const shared_test::TempDir dir;
  const auto missing = save_file(dir / "no/such/lbd.json", "one");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error() ==
        (dir / "no/such/lbd.json.new") + ": cannot be made: No such file or directory");
  // Nobody may write there, root included.
  const auto nobody = save_file("/proc/self/status", "one");
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().find('\n') == std::string::npos);
}

TEST_CASE("save: when the old file cannot be kept, nothing is lost") {
  const shared_test::TempDir dir;
  const std::string path = dir / "lbd.json";
  write(path, "one");
  // Not a file, and not empty: neither unlinked nor replaced.
  fs::create_directories(path + ".old/x");
  const auto saved = save_file(path, "two");
  REQUIRE_FALSE(saved.has_value());
  CHECK(saved.error().starts_with(path + ".old: cannot keep the old file: "));
  CHECK(read(path) == "one");
  CHECK(names(dir / "") == Names{"lbd.json", "lbd.json.old"});
}

TEST_CASE("save: what is no file is not replaced by one") {
  const shared_test::TempDir dir;
  const std::string path = dir / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const auto saved = save_file(path, "one");
  REQUIRE_FALSE(saved.has_value());
  CHECK(saved.error() == path + ": cannot be replaced: it is no plain file");
  CHECK(S_ISFIFO(status(path).st_mode));
  CHECK(names(dir / "") == Names{"pipe"});
}

}  // namespace
}  // namespace control
