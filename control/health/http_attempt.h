// One request and its answer over a connection or a TLS session. This header pulls in Asio.
#pragma once

#include <array>

#include "control/health/attempt.h"
#include "control/health/http_exchange.h"
#include "control/health/tcp_socket.h"

#include <boost/asio/write.hpp>

namespace control::health {

// Stream: a TCP socket, or something around one. Subclasses open the stream, then call ask().
template <class Stream>
class HttpAttempt : public Attempt {
 protected:
  // `wish` is the check's, which outlives its probes.
  HttpAttempt(boost::asio::io_context& io, const lb::Endpoint& target, const HttpWish& wish,
              uint16_t scheme_port, Done done)
      : Attempt(io, std::move(done)),
        target_(target),
        answer_(wish),
        request_(wish.request(target, scheme_port)) {}

  boost::asio::ip::tcp::endpoint peer() const { return {to_asio(target_.address), target_.port}; }

  void ask(Stream& stream) {
    phase_ = "request";
    boost::asio::async_write(stream, boost::asio::buffer(request_),
                             [self = shared_from_this(), this, &stream](Error error, size_t) {
                               if (error) return fail(error);
                               phase_ = "response";
                               read(stream);
                             });
  }

 private:
  void read(Stream& stream) {
    stream.async_read_some(boost::asio::buffer(chunk_), [self = shared_from_this(), this, &stream](
                                                            Error error, size_t size) {
      if (ended()) return;
      bool known = size > 0 && answer_.feed({chunk_.data(), size});
      // TLS sessions often end without their own word for it.
      const bool closed = error == boost::asio::error::eof || is_tls_end(error);
      if (!known && closed) known = answer_.end();
      if (known) return this->end({answer_.passed(), answer_.reason()});
      if (error) return fail(error);
      read(stream);
    });
  }

  virtual bool is_tls_end(const Error&) const { return false; }

  lb::Endpoint target_;
  HttpAnswer answer_;
  std::string request_;
  std::array<char, 8192> chunk_;
};

}  // namespace control::health
