// Sockets of checks over TCP. This header pulls in Asio.
#pragma once

#include <utility>  // before Asio: Boost 1.74 forgets it

#include <boost/asio/ip/tcp.hpp>

namespace control::health {

// Closes by a reset: an orderly end would leave TIME_WAIT for a minute, a hundred thousand of them
// where thousands of servers are asked every second.
inline void reset(boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace control::health
