#include "control/health/datagram.h"

namespace control::health {

void DatagramAttempt::begin() {
  phase_ = "send";
  Error error;
  socket_.connect({to_asio(target_.address), target_.port}, error);
  if (!error) socket_.non_blocking(true, error);
  if (!error) socket_.send(boost::asio::buffer(question()), 0, error);
  if (error) return fail(error);
  phase_ = "answer";
  receive();
}

void DatagramAttempt::receive() {
  const auto self = shared_from_this();
  socket_.async_receive(boost::asio::buffer(answer_), [self, this](Error error, size_t size) {
    if (ended()) return;
    // The ICMP error comes with the next call.
    if (error == boost::asio::error::connection_refused) return fail("port unreachable");
    if (error) return fail(error);
    if (auto verdict = judge({answer_.data(), size})) return end(std::move(*verdict));
    receive();
  });
}

void DatagramAttempt::close() {
  Error ignored;
  socket_.close(ignored);
}

}  // namespace control::health
