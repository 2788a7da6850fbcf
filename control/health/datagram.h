// A datagram and what comes back: what the checks over UDP have in common. This header pulls in
// Asio.
#pragma once

#include <utility>  // before Asio: Boost 1.74 forgets it

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "control/health/attempt.h"
#include "control/health/options.h"

namespace control::health {

class DatagramAttempt : public Attempt {
 protected:
  DatagramAttempt(boost::asio::io_context& io, const lb::Endpoint& target, Done done)
      : Attempt(io, std::move(done)), target_(target), socket_(io) {}

  virtual std::string question() = 0;
  // Nothing: it is no answer, and waiting goes on.
  virtual std::optional<Result> judge(std::string_view answer) = 0;

 private:
  void begin() final;
  void close() final;
  void receive();

  lb::Endpoint target_;
  boost::asio::ip::udp::socket socket_;  // connected: it hears of "port unreachable"
  std::array<char, kMostBytes> answer_;
};

}  // namespace control::health
