#include "test/control/stream_client.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace control::test {
namespace {

void limit_waiting(int fd) {
  const timeval ten_seconds{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof(ten_seconds));
}

}  // namespace

StreamClient::StreamClient(const std::string& unix_path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  limit_waiting(fd_);
}

StreamClient::StreamClient(uint16_t local_port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(local_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  limit_waiting(fd_);
}

StreamClient::StreamClient(StreamClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StreamClient::~StreamClient() {
  if (fd_ >= 0) close(fd_);
}

bool StreamClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void StreamClient::end_sending() const { shutdown(fd_, SHUT_WR); }

std::string StreamClient::receive(size_t size) const {
  std::string out(size, '\0');
  const ssize_t n = recv(fd_, out.data(), size, 0);
  if (n < 0) return errno == EAGAIN ? "<timeout>" : "<reset>";
  out.resize(static_cast<size_t>(n));
  return out;
}

bool StreamClient::gets_waiting(int bytes) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    int waiting = 0;
    if (ioctl(fd_, FIONREAD, &waiting) == 0 && waiting >= bytes) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

std::string StreamClient::receive_all() const {
  std::string all;
  for (;;) {
    const std::string piece = receive(65536);
    all += piece;
    if (piece.empty() || piece == "<timeout>" || piece == "<reset>") return all;
  }
}

}  // namespace control::test
