#include "tools/lbctl/exchange.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace lbctl {
namespace {

std::unexpected<std::string> failure(std::string_view what) {
  return std::unexpected(std::string(what) + ": " + std::strerror(errno));
}

bool again() { return errno == EINTR || errno == EAGAIN; }

// What is still to be sent.
struct Outgoing {
  std::string pending;
  int document_fd;      // -1: ended
  bool open = true;     // the writing side
  bool broken = false;  // the daemon closed before it had everything

  bool wants_document() const { return open && pending.empty() && document_fd >= 0; }
};

std::expected<void, std::string> read_document(Outgoing& out) {
  std::array<char, 65536> chunk;
  const ssize_t n = read(out.document_fd, chunk.data(), chunk.size());
  if (n < 0) {
    if (again()) return {};
    return failure("cannot read standard input");
  }
  if (n == 0) out.document_fd = -1;
  out.pending.assign(chunk.data(), static_cast<size_t>(n));
  return {};
}

std::expected<void, std::string> send_some(int fd, Outgoing& out) {
  if (!out.pending.empty()) {
    const ssize_t n = send(fd, out.pending.data(), out.pending.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && again()) return {};
    if (n < 0 && errno != EPIPE && errno != ECONNRESET) return failure("cannot send the command");
    if (n < 0) {
      out.open = false;  // what it said before is still to be read
      out.broken = true;
      return {};
    }
    out.pending.erase(0, static_cast<size_t>(n));
  }
  if (out.pending.empty() && out.document_fd < 0) {
    out.open = false;
    shutdown(fd, SHUT_WR);
  }
  return {};
}

// False at end of file.
std::expected<bool, std::string> receive(int fd,
                                         const std::function<void(std::string_view)>& received) {
  std::array<char, 65536> chunk;
  const ssize_t n = recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (n < 0) {
    if (again()) return true;
    return failure(kHungUp);
  }
  if (n > 0) received({chunk.data(), static_cast<size_t>(n)});
  return n > 0;
}

}  // namespace

std::expected<int, std::string> connect_to(const std::string& path, std::chrono::seconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return std::unexpected("the socket's path \"" + path + "\" is empty or too long");
  }
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure("cannot make a socket");
  // How long connect waits where more clients than the daemon has accepted wait already.
  const timeval patience{timeout.count(), 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  auto error = failure("no lbd answers at " + path);
  close(fd);
  return error;
}

bool is_alive(const std::string& path) {
  constexpr int kPatience = 2000;
  const auto fd = connect_to(path, std::chrono::seconds(2));
  if (!fd) return false;
  std::array<char, 1> answer;
  pollfd polled{*fd, POLLIN, 0};
  const bool alive = send(*fd, "\n", 1, MSG_NOSIGNAL) == 1 &&
                     (poll(&polled, 1, kPatience) == 0 || recv(*fd, answer.data(), 1, 0) == 1);
  close(*fd);
  return alive;
}

std::expected<bool, std::string> exchange(int fd, std::string_view line, int document_fd,
                                          std::chrono::seconds timeout,
                                          const std::function<void(std::string_view)>& received) {
  const int patience = timeout.count() > 0 ? static_cast<int>(timeout.count() * 1000) : -1;
  Outgoing out{.pending = std::string(line) + '\n', .document_fd = document_fd};
  bool answered = false;
  for (;;) {
    short events = POLLIN;
    if (out.open && !out.wants_document()) events |= POLLOUT;
    std::array<pollfd, 2> polled{
        {{fd, events, 0}, {out.wants_document() ? out.document_fd : -1, POLLIN, 0}}};
    const int ready = poll(polled.data(), polled.size(), out.wants_document() ? -1 : patience);
    if (ready == 0) {
      return std::unexpected("lbd has not answered for " + std::to_string(timeout.count()) + " s");
    }
    if (ready < 0) {
      if (again()) continue;
      return failure("poll");
    }
    // Reading first: a daemon that hung up has left its answer in the buffer.
    if ((polled[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const auto more = receive(fd, [&](std::string_view bytes) {
        answered = true;
        received(bytes);
      });
      if (!more) return std::unexpected(more.error());
      const bool was_heard = !out.open && !out.broken;
      if (!*more && !answered && !was_heard) return std::unexpected(std::string(kHungUp));
      if (!*more) return answered;
    }
    if (polled[1].revents != 0) {
      if (auto read = read_document(out); !read) return std::unexpected(read.error());
    }
    if ((polled[0].revents & POLLOUT) != 0) {
      if (auto sent = send_some(fd, out); !sent) return std::unexpected(sent.error());
    }
  }
}

}  // namespace lbctl
