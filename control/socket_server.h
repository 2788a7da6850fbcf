// The control sockets: UNIX stream sockets that take one command line each and answer until end of
// file. What a client may do is the socket's level; who may connect is the file's mode.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "control/interpreter.h"

namespace boost::asio {
class io_context;
}

namespace control {

struct SocketOptions {
  std::string path;
  Level level = Level::kRead;
  mode_t mode = 0600;
  std::optional<gid_t> group = {};  // of the file; lbd's by default
};

// What a client can cost. The defaults are what lbd runs with; tests shorten them.
struct SocketLimits {
  // At once, of each socket. For one more, the client gives up its place that has been silent for
  // the longest, and for `silence` at least, since it came; if none has, the new one is told so.
  size_t clients = 256;
  std::chrono::milliseconds silence{1'000};
  size_t line_bytes = 64 << 10;  // a command line
  size_t document_bytes = 16 << 20;
  // Of replies that a socket's clients have not yet read, together: with more, commands are refused
  // until some have been. Replies of a large director are of a hundred MB.
  size_t unread_bytes = 512 << 20;
  // For the whole command line; then for each step forward of a document or of a reply.
  std::chrono::milliseconds idle{30'000};
  // For the client to close after the reply. Closing at once would lose the end of a reply whose
  // client still sends: the kernel turns unread input into ECONNRESET.
  std::chrono::milliseconds linger{2'000};
  // Between two looks at whether the files are there; one that is not is made again.
  std::chrono::milliseconds watch{1'000};
};

// All of it runs in the io_context's thread, the control thread; nothing there waits for a client.
class SocketServer {
 public:
  // Listens on all sockets or, on an error, on none. `interpreter` must outlive the server, `io`
  // the handlers of the server's that it still holds. Errors: one line that names the path and says
  // what to do.
  static std::expected<SocketServer, std::string> start(boost::asio::io_context& io,
                                                        std::span<const SocketOptions> sockets,
                                                        const Interpreter& interpreter,
                                                        SocketLimits limits = {});

  SocketServer(SocketServer&&) noexcept;
  SocketServer& operator=(SocketServer&&) noexcept;
  ~SocketServer();  // closes all connections and removes the files; calls the interpreter no more

  // Connections open now.
  size_t clients() const;

 private:
  class Impl;
  explicit SocketServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with handlers that are still queued
};

}  // namespace control
