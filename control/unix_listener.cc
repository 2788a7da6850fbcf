#include "control/unix_listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace control {
namespace {

using Status = std::expected<void, std::string>;

std::unexpected<std::string> failure(const std::string& path, std::string_view what) {
  return std::unexpected(fmt::format("socket {}: {}", path, what));
}

std::unexpected<std::string> system_failure(const std::string& path, std::string_view call) {
  return failure(path, fmt::format("{}: {}", call, std::strerror(errno)));
}

std::expected<sockaddr_un, std::string> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return std::unexpected("socket: the path is empty");
  if (path.size() >= sizeof(address.sun_path)) {
    return failure(
        path, fmt::format("the path has {} bytes, the system's limit is {}: choose a shorter one",
                          path.size(), sizeof(address.sun_path) - 1));
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Status make_directory(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  struct stat found {};
  if (directory.empty() || stat(directory.c_str(), &found) == 0) return {};
  if (errno != ENOENT) return system_failure(path, "cannot look at its directory");
  if (mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT)
    return system_failure(path, fmt::format("cannot make {}", directory.string()));
  return failure(path, fmt::format("neither {} nor the directory above it exists: make it first",
                                   directory.string()));
}

// Who listens at the address, if anyone does: "pid 4711" or "pid unknown".
std::expected<std::string, int> listener_of(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::unexpected(errno);
  std::string who = "pid unknown";
  int error = 0;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) error = errno;
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0) {
    who = fmt::format("pid {}", peer.pid);
  }
  close(fd);
  // EAGAIN: a listener whose queue is full is alive too.
  if (error != 0 && error != EAGAIN) return std::unexpected(error);
  return who;
}

// Removes what a dead lbd left; refuses to touch anything else.
Status clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? Status{} : system_failure(path, "cannot look at it");
  }
  if (!S_ISSOCK(found.st_mode)) {
    return failure(path, "exists and is no socket: remove it or choose another path");
  }
  const auto listener = listener_of(address);
  if (listener) {
    return failure(
        path,
        fmt::format("is in use by a running lbd ({}): stop it or choose another path", *listener));
  }
  if (listener.error() != ECONNREFUSED && listener.error() != ENOENT) {
    errno = listener.error();
    return system_failure(path, "cannot tell whether another lbd uses it");
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return system_failure(path, "cannot remove the stale socket");
  }
  return {};
}

}  // namespace

std::expected<UnixListener, std::string> UnixListener::open(const std::string& path, mode_t mode,
                                                            std::optional<gid_t> group) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (auto made = make_directory(path); !made) return std::unexpected(made.error());
  if (auto cleared = clear_path(path, *address); !cleared) return std::unexpected(cleared.error());

  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_failure(path, "socket");
  if (bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    auto error = system_failure(path, "cannot bind");
    close(fd);
    return error;
  }
  UnixListener listener(path, fd);  // from here on the file is removed when something fails
  struct stat made {};
  if (stat(path.c_str(), &made) != 0) return system_failure(path, "cannot look at it");
  listener.device_ = made.st_dev;
  listener.inode_ = made.st_ino;
  // Until listen() connecting fails, so nobody gets in under the mode that the umask left.
  if (group && chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return system_failure(path, "cannot set its group");
  }
  if (chmod(path.c_str(), mode) != 0) return system_failure(path, "cannot set its mode");
  if (listen(fd, SOMAXCONN) != 0) return system_failure(path, "listen");
  return listener;
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      fd_(std::exchange(other.fd_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

UnixListener::~UnixListener() {
  if (is_there()) unlink(path_.c_str());
  if (fd_ >= 0) close(fd_);
}

bool UnixListener::is_there() const {
  struct stat found {};
  return !path_.empty() && lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
         found.st_ino == inode_;
}

int UnixListener::release_fd() { return std::exchange(fd_, -1); }

}  // namespace control
