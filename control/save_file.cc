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

// `old` is at every moment what it was or the file at `path`. errno says why not.
bool keep(const std::string& path, const std::string& old) {
  const std::string second_name = old + ".new";
  unlink(second_name.c_str());
  if (link(path.c_str(), second_name.c_str()) != 0) return false;
  const bool kept = rename(second_name.c_str(), old.c_str()) == 0;
  const int why_not = errno;
  // Two names of one file are left alone by rename(2), which is success.
  unlink(second_name.c_str());
  errno = why_not;
  return kept;
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
  if (exists && !S_ISREG(known.st_mode)) {
    return std::unexpected(fmt::format("{}: cannot be replaced: it is no plain file", target));
  }
  const mode_t mode = exists ? known.st_mode & 07777 : 0600;
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failure(fresh, "cannot be made");
  // The first fault is the one to be told, whatever happens while the new file is taken away again.
  const auto give_up = [&](const std::string& where, std::string_view what) {
    auto result = failure(where, what);
    unlink(fresh.c_str());
    return result;
  };
  const bool good = fchmod(fd, mode) == 0 &&
                    (!exists || fchown(fd, known.st_uid, known.st_gid) == 0) && write_all(fd, text);
  if (!good) {
    auto result = give_up(fresh, "cannot be written");
    close(fd);
    return result;
  }
  close(fd);
  if (exists && !keep(target, old)) return give_up(old, "cannot keep the old file");
  if (rename(fresh.c_str(), target.c_str()) != 0) return give_up(target, "cannot be replaced");
  if (!sync_directory(target)) return failure(target, "may be forgotten by a crash");
  return {};
}

}  // namespace control
