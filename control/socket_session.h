// One client of a control socket. Internal to the socket server: this header pulls in Asio.
#pragma once

#include <utility>  // before Asio: Boost 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/socket_server.h"

namespace control {

// Lives as long as an operation of its own is under way. Reads the line, then the document if the
// command takes one, executes, writes, waits for the client to close.
//
// The line's newline is left unread until the reply is written (except before a document). When lbd
// gives up on the client before, or dies, the kernel finds unread input and breaks the connection
// instead of ending it (ECONNRESET): so no client takes silence, or a part, for the whole reply.
class SocketSession : public std::enable_shared_from_this<SocketSession> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  // `options` are of the socket that the client came through, and so are `unread` bytes, see
  // SocketLimits. `closed` is called once, when the session has ended.
  SocketSession(Socket socket, SocketOptions options, const Interpreter& interpreter,
                const SocketLimits& limits, std::shared_ptr<size_t> unread,
                std::function<void(SocketSession*)> closed);

  void start();
  // Since when its client has not said what it wants; nothing once it has.
  std::optional<std::chrono::steady_clock::time_point> silent_since() const;
  // Drops the connection, for another client.
  void give_up_place() { finish(); }
  // Tells the client off instead of reading its command.
  void refuse(std::string text);
  // From the server's destructor: drops the connection and forgets interpreter and server.
  void abandon();

 private:
  using Error = boost::system::error_code;

  void read_line();
  // `size` bytes have come and are unread.
  void on_line_bytes(size_t size, bool end);
  void on_line(bool newline);
  void skip(size_t size);
  void read_document();
  void on_document_end();
  void execute();
  void log_change(std::string_view refusal);
  void reply(std::string text);
  void write();
  void forget_reply();
  void linger();
  void finish();
  void arm(std::chrono::milliseconds delay);
  // The client was silent for too long.
  void expire();

  enum class Phase : uint8_t { kLine, kDocument, kReply, kLinger, kClosed };

  Socket socket_;
  boost::asio::steady_timer timer_;
  SocketOptions options_;
  const Interpreter& interpreter_;
  SocketLimits limits_;
  std::shared_ptr<size_t> unread_;
  std::function<void(SocketSession*)> closed_;
  Phase phase_ = Phase::kLine;
  std::chrono::steady_clock::time_point started_{};
  std::array<char, 16384> chunk_;
  std::string line_;
  std::string document_;
  std::string reply_;
  size_t written_ = 0;
};

}  // namespace control
