// What checks ask: sockets of this host that answer as they are told to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace control::test {

// A socket of this host with a thread that does something with what comes.
class Peer {
 public:
  using Serve = std::function<void(int fd)>;

  explicit Peer(int kind, Serve serve = {}) : fd_(socket(AF_INET, kind, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    socklen_t size = sizeof(address);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (kind == SOCK_STREAM) REQUIRE(listen(fd_, 16) == 0);
    if (!serve) return;
    thread_ = std::thread([this, kind, serve] {
      if (kind == SOCK_DGRAM) return serve(fd_);
      for (;;) {
        const int client = accept(fd_, nullptr, nullptr);
        if (client < 0) return;
        serve(client);
        close(client);
      }
    });
  }
  ~Peer() {
    shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(fd_);
  }
  uint16_t port() const { return port_; }

 private:
  int fd_;
  uint16_t port_ = 0;
  std::thread thread_;
};

inline Peer::Serve say(std::string text) {
  return [text](int client) {
    char request[4096];
    if (recv(client, request, sizeof(request), 0) <= 0) return;
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = send(client, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  };
}

inline uint16_t closed_port(int kind) { return Peer(kind).port(); }

}  // namespace control::test
