#include "control/http_session.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <cctype>
#include <charconv>
#include <string>
#include <string_view>

#include "control/openmetrics.h"

namespace control {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// The part before the separator, without blanks around it; `text` goes on after it.
std::string_view take_part(std::string_view& text, char separator) {
  std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  const size_t begin = std::min(part.find_first_not_of(" \t"), part.size());
  return part.substr(begin, part.find_last_not_of(" \t") + 1 - begin);
}

// How much a client wants a media type by its Accept, in lower case: the weight of the range that
// names it most closely, from 0, not at all, to 1 (RFC 9110 section 12.5.1).
double weight_of(std::string_view accept, std::string_view type) {
  const std::string family = std::string(type.substr(0, type.find('/'))) + "/*";
  const std::array<std::string_view, 3> closer{"*/*", family, type};
  auto closest = closer.begin();
  double weight = 0;
  while (!accept.empty()) {
    std::string_view range = take_part(accept, ',');
    const auto found = std::find(closest, closer.end(), take_part(range, ';'));
    if (found == closer.end()) continue;
    double own = 1;
    while (!range.empty()) {
      const std::string_view parameter = take_part(range, ';');
      if (!parameter.starts_with("q=")) continue;
      own = 0;  // unless it is a number
      std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), own);
    }
    weight = found == closest ? std::max(weight, own) : own;
    closest = found;
  }
  return weight;
}

// OpenMetrics, unless the client would rather have the older text, or does not take it at all.
template <class Request>
MetricsFormat format_for(const Request& request) {
  const auto field = request.find(http::field::accept);
  if (field == request.end()) return MetricsFormat::kOpenMetrics;
  std::string accept(field->value());
  std::ranges::transform(accept, accept.begin(), [](unsigned char c) { return std::tolower(c); });
  const double open = weight_of(accept, "application/openmetrics-text");
  return open > 0 && open >= weight_of(accept, "text/plain") ? MetricsFormat::kOpenMetrics
                                                             : MetricsFormat::kPrometheus;
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
