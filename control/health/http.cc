#include "control/health/http.h"

#include "control/health/http_attempt.h"

namespace control::health {
namespace {

using boost::asio::ip::tcp;

constexpr uint16_t kHttpPort = 80;

class PlainAttempt final : public HttpAttempt<tcp::socket> {
 public:
  PlainAttempt(boost::asio::io_context& io, const lb::Endpoint& target, const HttpWish& wish,
               Done done)
      : HttpAttempt(io, target, wish, kHttpPort, std::move(done)), socket_(io) {}

 private:
  void begin() override {
    phase_ = "connect";
    socket_.async_connect(peer(), [self = shared_from_this(), this](Error error) {
      if (error) return fail(error);
      if (!ended()) ask(socket_);
    });
  }
  void close() override { reset(socket_); }

  tcp::socket socket_;
};

class HttpCheck final : public Check {
 public:
  HttpCheck(boost::asio::io_context& io, const conf::Options& options) : io_(io), wish_(options) {}
  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override {
    return Attempt::launch(std::make_shared<PlainAttempt>(io_, target, wish_, std::move(done)),
                           timeout);
  }

 private:
  boost::asio::io_context& io_;
  HttpWish wish_;
};

}  // namespace

std::unique_ptr<Check> make_http(boost::asio::io_context& io, const conf::Options& options) {
  return std::make_unique<HttpCheck>(io, options);
}

}  // namespace control::health
