#include "control/health/tcp.h"

#include "control/health/attempt.h"
#include "control/health/tcp_socket.h"

namespace control::health {
namespace {

class TcpAttempt final : public Attempt {
 public:
  TcpAttempt(boost::asio::io_context& io, const lb::Endpoint& target, Done done)
      : Attempt(io, std::move(done)), target_(target), socket_(io) {}

 private:
  void begin() override {
    phase_ = "connect";
    const auto self = shared_from_this();
    socket_.async_connect({to_asio(target_.address), target_.port}, [self, this](Error error) {
      if (error) return fail(error);
      pass("connected");
    });
  }
  void close() override { reset(socket_); }

  lb::Endpoint target_;
  boost::asio::ip::tcp::socket socket_;
};

class TcpCheck final : public Check {
 public:
  explicit TcpCheck(boost::asio::io_context& io) : io_(io) {}
  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override {
    return Attempt::launch(std::make_shared<TcpAttempt>(io_, target, std::move(done)), timeout);
  }

 private:
  boost::asio::io_context& io_;
};

}  // namespace

std::unique_ptr<Check> make_tcp(boost::asio::io_context& io, const conf::Options&) {
  return std::make_unique<TcpCheck>(io);
}

}  // namespace control::health
