// The file of a control socket: made, replaced, left alone, removed.
#include "control/unix_listener.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "test/temp_dir.h"

namespace control {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

// A socket file whose process is gone.
void leave_stale(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  close(fd);
}

std::string error_of(const std::string& path) {
  const auto listener = UnixListener::open(path, 0600);
  REQUIRE_FALSE(listener.has_value());
  return listener.error();
}

TEST_CASE("unix listener: the mode is the one asked for, whatever the umask, and the file goes") {
  const shared_test::TempDir dir;
  const std::string path = dir / "s";
  for (const mode_t mode : {0600u, 0666u, 0640u}) {
    const auto listener = UnixListener::open(path, mode);
    REQUIRE(listener.has_value());
    CHECK(mode_of(path) == mode);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("unix listener: the file may belong to another group") {
  if (geteuid() != 0) return;  // nobody else may give files away
  const shared_test::TempDir dir;
  constexpr gid_t kOther = 12345;
  const auto listener = UnixListener::open(dir / "s", 0660, kOther);
  REQUIRE(listener.has_value());
  struct stat found {};
  REQUIRE(stat((dir / "s").c_str(), &found) == 0);
  CHECK(found.st_gid == kOther);
  CHECK(found.st_uid == geteuid());
  CHECK((found.st_mode & 07777) == 0660);
}

TEST_CASE("unix listener: a stale file is replaced") {
  const shared_test::TempDir dir;
  leave_stale(dir / "s");
  CHECK(UnixListener::open(dir / "s", 0600).has_value());
}

TEST_CASE("unix listener: a live one is an error that names its process, and goes on") {
  const shared_test::TempDir dir;
  const auto first = UnixListener::open(dir / "s", 0600);
  REQUIRE(first.has_value());
  CHECK(error_of(dir / "s") == "socket " + dir / "s" + ": is in use by a running lbd (pid " +
                                   std::to_string(getpid()) + "): stop it or choose another path");
  CHECK(std::filesystem::exists(dir / "s"));
}

TEST_CASE("unix listener: what is no socket is left alone") {
  const shared_test::TempDir dir;
  std::ofstream(dir / "file") << "precious";
  CHECK(error_of(dir / "file")
            .ends_with("file: exists and is no socket: remove it or choose another path"));
  CHECK(std::filesystem::file_size(dir / "file") == 8);
  std::filesystem::create_symlink("file", dir / "link");
  CHECK(error_of(dir / "link")
            .ends_with("exists and is no socket: remove it or choose another path"));
}

TEST_CASE("unix listener: one missing directory is made, two are an error") {
  const shared_test::TempDir dir;
  const auto listener = UnixListener::open(dir / "run/s", 0600);
  REQUIRE(listener.has_value());
  CHECK((mode_of(dir / "run") & 0700) == 0700);
  CHECK(error_of(dir / "no/such/s") == "socket " + dir / "no/such/s" + ": neither " +
                                           dir / "no/such" +
                                           " nor the directory above it exists: make it first");
}

TEST_CASE("unix listener: paths that cannot be") {
  CHECK(error_of("") == "socket: the path is empty");
  const std::string path = "/tmp/" + std::string(120, 'x');
  CHECK(error_of(path) ==
        "socket " + path +
            ": the path has 125 bytes, the system's limit is 107: choose a shorter one");
}

TEST_CASE("unix listener: another's file of the same name survives") {
  const shared_test::TempDir dir;
  {
    const auto listener = UnixListener::open(dir / "s", 0600);
    REQUIRE(listener.has_value());
    std::filesystem::rename(dir / "s", dir / "moved");
    std::ofstream(dir / "s") << "other";
  }
  CHECK(std::filesystem::exists(dir / "s"));
}

}  // namespace
}  // namespace control
