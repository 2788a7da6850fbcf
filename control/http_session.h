// One HTTP connection to the metrics server. Internal to it: this header pulls in Asio and Beast.
#pragma once

#include <utility>  // before Asio: Boost 1.74 forgets it

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/metrics_server.h"

namespace control {

// Lives as long as an operation of its own is under way.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // `render` must stay valid until abandon(); `closed` is called once, when the session has ended.
  HttpSession(Socket socket, const RenderMetrics& render, const HttpLimits& limits,
              std::function<void(HttpSession*)> closed);

  void read();
  // Closes the connection, for another to have its place.
  void end() { finish(); }
  // From the server's destructor: drops the connection and forgets the server.
  void abandon();

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void answer(const Request& request);
  void bad_request(const boost::system::error_code& error);
  void write(Response response, bool head);
  void finish();

  boost::beast::tcp_stream stream_;
  const RenderMetrics& render_;
  HttpLimits limits_;
  std::function<void(HttpSession*)> closed_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  bool finished_ = false;
};

}  // namespace control
