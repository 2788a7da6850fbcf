// A UNIX stream socket that listens at a path, and the file that stands for it.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>

namespace control {

// Owns the descriptor until release_fd(), and the file: removes it in the destructor if it is still
// the one made here.
class UnixListener {
 public:
  // Binds and listens. A file left by an lbd that is gone is replaced; a missing directory is made
  // (0755) if only the last level is missing. `mode` and, if given, `group` hold before the first
  // client can connect.
  // Errors, one line: the path is too long, is no socket, or a live process listens there; system
  // errors.
  static std::expected<UnixListener, std::string> open(const std::string& path, mode_t mode,
                                                       std::optional<gid_t> group = {});

  UnixListener(UnixListener&& other) noexcept;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  // Whether the file at the path is still the one made here.
  bool is_there() const;
  // Hands the descriptor (blocking, close-on-exec) to the caller.
  int release_fd();

 private:
  UnixListener(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;  // empty: moved from
  int fd_;            // -1: released
  dev_t device_ = 0;  // of the file, so that another lbd's is not removed
  ino_t inode_ = 0;
};

}  // namespace control
