#include "control/save_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace control {
namespace {

std::unexpected<std::string> failure(const std::string& path, std::string_view what) {
  return std::unexpected(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0;
}

// Until then a crash could forget the renaming.
bool sync_directory(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int fd = open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return false;
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced;
}

}  // namespace

std::expected<void, std::string> save_file(const std::string& path, std::string_view text) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  const std::string target = error ? path : real.string();
  const std::string fresh = target + ".new";
  const std::string old = target + ".old";
  struct stat known {};
  const bool exists = stat(target.c_str(), &known) == 0;
  const mode_t mode = exists ? known.st_mode & 07777 : 0600;
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failure(fresh, "cannot be made");
  bool good = fchmod(fd, mode) == 0 && (!exists || fchown(fd, known.st_uid, known.st_gid) == 0);
  good = good && write_all(fd, text);
  if (!good) {
    auto result = failure(fresh, "cannot be written");
    close(fd);
    unlink(fresh.c_str());
    return result;
  }
  close(fd);
  if (exists) {
    unlink(old.c_str());
    if (link(target.c_str(), old.c_str()) != 0) return failure(old, "cannot keep the old file");
  }
  if (rename(fresh.c_str(), target.c_str()) != 0 || !sync_directory(target)) {
    return failure(target, "cannot be replaced");
  }
  return {};
}

}  // namespace control
