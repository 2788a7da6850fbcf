#include "control/http_session.h"

#include <algorithm>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <cctype>
#include <string>
#include <string_view>

#include "control/openmetrics.h"

namespace control {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// OpenMetrics, unless the client says what it takes and that is not among it.
template <class Request>
MetricsFormat format_for(const Request& request) {
  const auto accept = request.find(http::field::accept);
  if (accept == request.end()) return MetricsFormat::kOpenMetrics;
  std::string value(accept->value());
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view known : {"application/openmetrics-text", "application/*", "*/*"}) {
    if (value.find(known) != std::string::npos) return MetricsFormat::kOpenMetrics;
  }
  return MetricsFormat::kPrometheus;
}

}  // namespace

HttpSession::HttpSession(Socket socket, const RenderMetrics& render, const HttpLimits& limits,
                         std::function<void(HttpSession*)> closed)
    : stream_(std::move(socket)), render_(render), limits_(limits), closed_(std::move(closed)) {}

void HttpSession::abandon() {
  closed_ = nullptr;
  finish();
}

void HttpSession::read() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(limits_.header_bytes));
  parser_->body_limit(limits_.body_bytes);
  stream_.expires_after(limits_.idle);
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const beast::error_code& error, size_t) {
        if (self->finished_) return;
        if (!error) return self->answer(self->parser_->get());
        // Beast's own errors are about what came; all others about the connection.
        if (error.category() == http::make_error_code(http::error::end_of_stream).category() &&
            error != http::error::end_of_stream && error != http::error::partial_message) {
          return self->bad_request(error);
        }
        self->finish();
      });
}

void HttpSession::answer(const Request& request) {
  std::string_view target(request.target().data(), request.target().size());
  // RFC 9112 section 3.2.2: a server takes the absolute form too.
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    target.remove_prefix(std::min(target.find('/', kScheme.size()), target.size()));
  }
  const bool head = request.method() == http::verb::head;
  Response response(http::status::ok, request.version());
  response.set(http::field::server, "lbd");
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.keep_alive(request.keep_alive());
  if (target.substr(0, target.find('?')) != "/metrics") {
    response.result(http::status::not_found);
    response.body() = "not found; the metrics are at /metrics\n";
  } else if (!head && request.method() != http::verb::get) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET, HEAD");
    response.body() = "only GET and HEAD\n";
  } else {
    const MetricsFormat format = format_for(request);
    const std::string_view type = content_type(format);
    response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
    response.set(http::field::cache_control, "no-store");
    response.set(http::field::vary, "Accept");
    response.body() = render_(format);
  }
  write(std::move(response), head);
}

void HttpSession::bad_request(const boost::system::error_code& error) {
  Response response(http::status::bad_request, 11);
  response.set(http::field::server, "lbd");
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.keep_alive(false);
  response.body() = error.message() + '\n';
  write(std::move(response), false);
}

void HttpSession::write(Response response, bool head) {
  response.prepare_payload();
  if (head) response.body().clear();  // the length stays that of the GET
  auto kept = std::make_shared<Response>(std::move(response));
  stream_.expires_after(limits_.idle);
  auto done = [self = shared_from_this(), kept](const beast::error_code& error, size_t) {
    if (self->finished_) return;
    if (error || !kept->keep_alive()) return self->finish();
    self->read();
  };
  http::async_write(stream_, *kept, std::move(done));
}

void HttpSession::finish() {
  if (finished_) return;
  finished_ = true;
  beast::error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_send, ignored);
  stream_.close();
  if (closed_) std::exchange(closed_, nullptr)(this);
}

}  // namespace control
