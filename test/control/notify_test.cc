// Messages to systemd, over a datagram socket that plays its part.
#include "control/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "test/temp_dir.h"

namespace control::notify {
namespace {

// Listens where NOTIFY_SOCKET points, until destroyed.
class Systemd {
 public:
  explicit Systemd(const std::string& name) {
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Systemd() {
    unsetenv("NOTIFY_SOCKET");
    close(fd_);
  }

  std::string received() const {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
    return n < 0 ? "" : std::string(buffer.data(), static_cast<size_t>(n));
  }

 private:
  int fd_;
};

TEST_CASE("notify: ready, reloading and stopping reach a socket in the file system") {
  const shared_test::TempDir dir;
  const Systemd systemd(dir / "notify");
  ready("2 services");
  CHECK(systemd.received() == "READY=1\nSTATUS=2 services");
  reloading();
  CHECK(systemd.received().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  stopping();
  CHECK(systemd.received() == "STOPPING=1");
}

TEST_CASE("notify: an abstract socket works too") {
  const Systemd systemd("@lbd-notify-test-" + std::to_string(getpid()));
  ready("");
  CHECK(systemd.received() == "READY=1\nSTATUS=");
}

TEST_CASE("notify: a unit with a watchdog hears that lbd lives, three times in its patience") {
  const shared_test::TempDir dir;
  const Systemd systemd(dir / "notify");
  CHECK(alive() >= std::chrono::minutes(1));
  CHECK(systemd.received() == "");
  setenv("WATCHDOG_USEC", "9000000", 1);
  CHECK(alive() == std::chrono::seconds(3));
  CHECK(systemd.received() == "WATCHDOG=1");
  unsetenv("WATCHDOG_USEC");
}

TEST_CASE("notify: another status does not say anew that lbd is ready") {
  const shared_test::TempDir dir;
  const Systemd systemd(dir / "notify");
  status("standby");
  CHECK(systemd.received() == "STATUS=standby");
}

TEST_CASE("notify: without systemd nothing happens") {
  const shared_test::TempDir dir;
  const Systemd systemd(dir / "notify");
  unsetenv("NOTIFY_SOCKET");
  ready("x");
  stopping();
  CHECK(systemd.received() == "");
}

}  // namespace
}  // namespace control::notify
