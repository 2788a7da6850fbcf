#include "control/socket_session.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>

namespace control {

namespace asio = boost::asio;

SocketSession::SocketSession(Socket socket, Level level, const Interpreter& interpreter,
                             const SocketLimits& limits, std::function<void(SocketSession*)> closed)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      level_(level),
      interpreter_(interpreter),
      limits_(limits),
      closed_(std::move(closed)) {}

void SocketSession::start() {
  arm(limits_.idle);  // not renewed: a line is short, and a byte every now and then is no line
  read_line();
}

void SocketSession::refuse(std::string text) { reply(error_line({std::move(text)})); }

void SocketSession::abandon() {
  closed_ = nullptr;
  finish();
}

void SocketSession::read_line() {
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const Error& error, size_t size) {
                            if (self->phase_ != Phase::kLine) return;
                            if (error && error != asio::error::eof) return self->finish();
                            self->input_.append(self->chunk_.data(), size);
                            self->on_line_bytes(bool{error});
                          });
}

void SocketSession::on_line_bytes(bool end) {
  const size_t newline = input_.find('\n');
  if (std::min(newline, input_.size()) > limits_.line_bytes) {
    return refuse(fmt::format("the command line is longer than {} bytes", limits_.line_bytes));
  }
  if (newline != std::string::npos) return on_line(newline, newline + 1);
  if (!end) return read_line();
  if (input_.empty()) return finish();  // came and went, as port scanners and health checks do
  on_line(input_.size(), input_.size());
}

void SocketSession::on_line(size_t length, size_t next) {
  line_ = input_.substr(0, length);
  if (!interpreter_.wants_document(line_, level_)) return execute({});
  input_.erase(0, next);
  phase_ = Phase::kDocument;
  read_document();
}

void SocketSession::read_document() {
  if (input_.size() > limits_.document_bytes) {
    return refuse(fmt::format("the document is larger than {} bytes", limits_.document_bytes));
  }
  arm(limits_.idle);
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const Error& error, size_t size) {
                            if (self->phase_ != Phase::kDocument) return;
                            if (error == asio::error::eof) return self->execute(self->input_);
                            if (error) return self->finish();
                            self->input_.append(self->chunk_.data(), size);
                            self->read_document();
                          });
}

void SocketSession::execute(std::string_view document) {
  reply(interpreter_.execute(line_, level_, document));
}

void SocketSession::reply(std::string text) {
  phase_ = Phase::kReply;
  reply_ = std::move(text);
  write();
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
    reply_ = {};
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
