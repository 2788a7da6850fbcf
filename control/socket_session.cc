#include "control/socket_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>

#include "control/log.h"

namespace control {

namespace asio = boost::asio;

namespace {

std::string user_of(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "someone";
  return fmt::format("user {}", peer.uid);
}

// Whether the client has closed the connection, not only its writing side.
bool has_hung_up(int fd) {
  pollfd polled{fd, 0, 0};
  return poll(&polled, 1, 0) == 1 && (polled.revents & POLLHUP) != 0;
}

}  // namespace

SocketSession::SocketSession(Socket socket, SocketOptions options, const Interpreter& interpreter,
                             const SocketLimits& limits, std::shared_ptr<size_t> unread,
                             std::function<void(SocketSession*)> closed)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      options_(std::move(options)),
      interpreter_(interpreter),
      limits_(limits),
      unread_(std::move(unread)),
      closed_(std::move(closed)) {}

void SocketSession::start() {
  started_ = std::chrono::steady_clock::now();
  arm(limits_.idle);  // not renewed: a line is short, and a byte every now and then is no line
  read_line();
}

std::optional<std::chrono::steady_clock::time_point> SocketSession::silent_since() const {
  if (phase_ != Phase::kLine) return std::nullopt;
  return started_;
}

void SocketSession::refuse(std::string text) { reply(error_line({std::move(text)})); }

void SocketSession::abandon() {
  closed_ = nullptr;
  finish();
}

void SocketSession::read_line() {
  socket_.async_receive(asio::buffer(chunk_), Socket::message_peek,
                        [self = shared_from_this()](const Error& error, size_t size) {
                          if (self->phase_ != Phase::kLine) return;
                          if (error && error != asio::error::eof) return self->finish();
                          self->on_line_bytes(size, bool{error});
                        });
}

void SocketSession::on_line_bytes(size_t size, bool end) {
  const std::string_view seen(chunk_.data(), size);
  const std::string_view part = seen.substr(0, seen.find('\n'));
  const bool newline = part.size() < size;
  line_ += part;
  if (line_.size() > limits_.line_bytes) {
    return refuse(fmt::format("the command line is longer than {} bytes", limits_.line_bytes));
  }
  skip(part.size());
  if (!newline && !end) return read_line();
  // A line may end with the writing side, but not with the client: it may be half a line.
  if (!newline && (line_.empty() || has_hung_up(socket_.native_handle()))) return finish();
  on_line(newline);
}

// What has been peeked at: does not wait.
void SocketSession::skip(size_t size) {
  Error ignored;
  if (size > 0) socket_.receive(asio::buffer(chunk_, size), 0, ignored);
}

void SocketSession::on_line(bool newline) {
  if (!interpreter_.wants_document(line_, options_.level)) return execute();
  phase_ = Phase::kDocument;
  // Asio would wait for ever for an end that it has told of already.
  if (!newline) return on_document_end();
  skip(1);
  read_document();
}

void SocketSession::read_document() {
  if (document_.size() > limits_.document_bytes) {
    return refuse(fmt::format("the document is larger than {} bytes", limits_.document_bytes));
  }
  arm(limits_.idle);
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const Error& error, size_t size) {
                            if (self->phase_ != Phase::kDocument) return;
                            if (error == asio::error::eof) return self->on_document_end();
                            if (error) return self->finish();
                            self->document_.append(self->chunk_.data(), size);
                            self->read_document();
                          });
}

// A client that was killed half-way through its document ends it too, but cannot hear the reply:
// what it has left may be a part, and half a table must not be applied.
void SocketSession::on_document_end() {
  if (!has_hung_up(socket_.native_handle())) return execute();
  log_change("the client went away before its reply");
  finish();
}

void SocketSession::execute() {
  // Replies that nobody hears would hold up those of all who wait. A change is wanted all the same.
  if (has_hung_up(socket_.native_handle()) && !interpreter_.is_change(line_, options_.level)) {
    return finish();
  }
  if (*unread_ > limits_.unread_bytes) {
    return refuse(
        fmt::format("{} MB of replies wait for other clients of this socket to read "
                    "them; try again later",
                    *unread_ >> 20));
  }
  Answer answer = interpreter_.answer(line_, options_.level, document_);
  log_change(answer.error);
  reply(std::move(answer.text));
}

// Nothing for a line that only looks, and for sockets that may only look: whoever may connect to
// those must not fill the log.
void SocketSession::log_change(std::string_view refusal) {
  if (options_.level != Level::kAdmin || !interpreter_.is_change(line_, options_.level)) return;
  constexpr size_t kShown = 1000;  // a service may take 64 kB
  std::string_view shown = std::string_view(line_).substr(0, kShown);
  if (shown.ends_with('\r')) shown.remove_suffix(1);
  log::notice("socket {}: {}: {}{}{}{}", options_.path, user_of(socket_.native_handle()), shown,
              line_.size() > kShown ? "…" : "", refusal.empty() ? "" : ": refused: ", refusal);
}

void SocketSession::reply(std::string text) {
  phase_ = Phase::kReply;
  reply_ = std::move(text);
  *unread_ += reply_.size();
  write();
}

void SocketSession::forget_reply() {
  *unread_ -= reply_.size();
  reply_ = {};
}

void SocketSession::write() {
  if (written_ == reply_.size()) return linger();
  arm(limits_.idle);
  constexpr size_t kStep = 256 << 10;  // so that a slow reader of a huge reply counts as alive
  socket_.async_write_some(
      asio::buffer(reply_.data() + written_, std::min(kStep, reply_.size() - written_)),
      [self = shared_from_this()](const Error& error, size_t size) {
        if (self->phase_ != Phase::kReply) return;
        if (error) return self->finish();
        self->written_ += size;
        self->write();
      });
}

void SocketSession::linger() {
  if (phase_ != Phase::kLinger) {
    phase_ = Phase::kLinger;
    forget_reply();
    Error ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    arm(limits_.linger);
  }
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const Error& error, size_t) {
                            if (self->phase_ != Phase::kLinger) return;
                            error ? self->finish() : self->linger();
                          });
}

void SocketSession::finish() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  forget_reply();
  Error ignored;
  timer_.cancel(ignored);
  socket_.close(ignored);
  if (closed_) std::exchange(closed_, nullptr)(this);
}

void SocketSession::arm(std::chrono::milliseconds delay) {
  timer_.expires_after(delay);
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    // A handler that was queued before the timer was set anew comes without error, but too early.
    if (!error && self->timer_.expiry() <= std::chrono::steady_clock::now()) self->expire();
  });
}

void SocketSession::expire() {
  if (phase_ != Phase::kLine && phase_ != Phase::kDocument) return finish();
  const auto what = phase_ == Phase::kLine ? "no command line came" : "the document stopped";
  // Cancels the pending read; its handler sees the new phase and does nothing.
  Error ignored;
  socket_.cancel(ignored);
  refuse(fmt::format("{} for {} s", what, limits_.idle.count() / 1000.0));
}

}  // namespace control
