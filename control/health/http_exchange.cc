#include "control/health/http_exchange.h"

#include <utility>  // before Asio

#include <boost/beast/http/basic_parser.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "control/health/options.h"

namespace control::health {
namespace {

namespace http = boost::beast::http;
using Expected = std::optional<std::string>;

constexpr std::string_view kStatus = "status codes such as \"200\", \"200-299\" or \"200-299,401\"";
constexpr std::string_view kPath = "a path that begins with \"/\", without blanks";
constexpr std::string_view kHost = "a host name, with a port if need be";
constexpr std::string_view kMethod = "a method in capital letters such as \"GET\"";

Expected unless(bool right, std::string_view expected) {
  return right ? std::nullopt : Expected(expected);
}

std::optional<unsigned> parse_code(std::string_view text) {
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  // RFC 9110 section 15: three digits, the first of them no 0.
  return whole && text.size() == 3 && code >= 100 ? std::optional(code) : std::nullopt;
}

// Empty where it is not of that form.
std::vector<std::pair<unsigned, unsigned>> parse_statuses(std::string_view text) {
  std::vector<std::pair<unsigned, unsigned>> result;
  for (;;) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const auto first = parse_code(part.substr(0, dash));
    const auto last = dash == part.npos ? first : parse_code(part.substr(dash + 1));
    if (!first || !last || *first > *last) return {};
    result.emplace_back(*first, *last);
    if (comma == text.npos) return result;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::vector<conf::Property> http_options() {
  const auto status = [](std::string_view text) {
    return unless(!parse_statuses(text).empty(), kStatus);
  };
  const auto path = [](std::string_view text) {
    return unless(is_visible(text) && text.front() == '/', kPath);
  };
  const auto host = [](std::string_view text) { return unless(is_visible(text), kHost); };
  const auto method = [](std::string_view text) {
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    return unless(!text.empty() && std::ranges::all_of(text, is_capital), kMethod);
  };
  const auto body = [](std::string_view text) { return unless(!text.empty(), "a text"); };
  return {
      option("method", {conf::Text{std::string(kMethod), "^[A-Z]+$", method}}, "\"GET\"",
             "The request's method."),
      option("path", {conf::Text{std::string(kPath), "^/[!-~]*$", path}}, "\"/\"",
             "The request's path, with a query if need be."),
      option("host", {conf::Text{std::string(kHost), "^[!-~]+$", host}}, "",
             "The request's Host; left out, the address that is asked."),
      option("status",
             {conf::Text{std::string(kStatus),
                         "^[1-9][0-9]{2}(-[1-9][0-9]{2})?(,[1-9][0-9]{2}(-[1-9][0-9]{2})?)*$",
                         status}},
             "\"200-299\"", "The status codes that are right; a redirection is not followed."),
      option("body", {conf::Text{"a text", "^[\\s\\S]+$", body}}, "",
             "A text that must be in the answer's first 256 kB; left out, only its head is read.")};
}

std::optional<conf::CheckType::Contradiction> http_contradiction(const conf::Options& options) {
  if (value_of<std::string>(options, "method") != "HEAD" || !options.contains("body")) {
    return std::nullopt;
  }
  return conf::CheckType::Contradiction{"body",
                                        "no key: the answer to the method HEAD has no body"};
}

HttpWish::HttpWish(const conf::Options& options)
    : method(value_of<std::string>(options, "method")),
      path(value_of<std::string>(options, "path")),
      host(value_of<std::string>(options, "host")),
      status(value_of<std::string>(options, "status")),
      statuses(parse_statuses(status)),
      body(value_of<std::string>(options, "body")) {}

std::string HttpWish::request(const lb::Endpoint& target, uint16_t port) const {
  const std::string own = target.port == port ? target.address.to_string() : target.to_string();
  // RFC 9110 section 8.6: where a body is expected, its absence is told.
  const bool has_body = method == "POST" || method == "PUT" || method == "PATCH";
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: lbd\r\nAccept: */*\r\n{}Connection: "
      "close\r\n\r\n",
      method, path, host.empty() ? own : host, has_body ? "Content-Length: 0\r\n" : "");
}

// An answer's bytes as the parser takes them: of some servers, lines of the head end with LF alone,
// or no blank follows the code (RFC 9112 sections 2.2 and 4 have both forgiven). In no unnamed
// namespace, as Judge, which has one, is in none.
class HeadMender {
 public:
  void mend(std::string_view bytes, std::string& out) {
    while (!bytes.empty() && !ended_) {
      take(bytes.front(), out);
      bytes.remove_prefix(1);
    }
    out += bytes;
  }

 private:
  static constexpr size_t kUpToCode = std::string_view("HTTP/1.1 200").size();

  void take(char c, std::string& out) {
    if (c == '\n') return end_line(out);
    if (carriage_return_) out += '\r';
    carriage_return_ = c == '\r';
    if (carriage_return_) return;
    out += c;
    ++length_;
  }
  void end_line(std::string& out) {
    if (first_ && length_ == kUpToCode) out += ' ';
    out += "\r\n";
    ended_ = !first_ && length_ == 0;
    first_ = carriage_return_ = false;
    length_ = 0;
  }

  bool first_ = true, ended_ = false;
  bool carriage_return_ = false;  // the last one, and not yet passed on
  size_t length_ = 0;             // of the line so far
};

// Knows the verdict as soon as it can be known.
class HttpAnswer::Judge {
 public:
  explicit Judge(const HttpWish& wish) : wish_(wish), response_(std::in_place, *this) {}

  bool feed(std::string_view bytes) {
    head_.mend(bytes, pending_);
    boost::system::error_code error;
    while (!known_ && pending_.size() >= least_) {
      const size_t used = response_->put(boost::asio::buffer(pending_), error);
      pending_.erase(0, used);
      least_ = 1;
      if (error == http::error::need_more) {
        if (response_->is_header_done()) least_ = kLeastOfChunks;
        // The parser limits its head, but no line of a chunked body nor what follows the last.
        if (pending_.size() > kLongestLines) conclude(false, "response: a line without an end");
        break;
      }
      if (error) {
        conclude(false, fmt::format("response: not HTTP ({})", error.message()));
      } else if (response_->is_done()) {
        interim_ ? begin_next() : finish();
      } else if (used == 0) {
        break;
      }
    }
    return known_;
  }

  bool end() {
    if (known_) return true;
    const bool began = response_->got_some();
    boost::system::error_code error;
    if (began) response_->put_eof(error);
    if (!response_->is_header_done()) {
      conclude(false, began ? "response: closed in its head" : "response: closed without one");
    } else {
      finish();
    }
    return true;
  }

  bool passed() const { return passed_; }
  const std::string& reason() const { return reason_; }

 private:
  using View = boost::beast::string_view;
  using Error = boost::system::error_code;

  class Response final : public http::basic_parser<false> {
   public:
    explicit Response(Judge& judge) : judge_(judge) {
      eager(true);
      body_limit(std::numeric_limits<uint64_t>::max());
      header_limit(kLongestLines);
      skip(judge.wish_.method == "HEAD");
    }

   private:
    void on_response_impl(int code, View, int, Error&) override {
      judge_.see_status(static_cast<unsigned>(code));
    }
    void on_header_impl(Error&) override { judge_.see_head(); }
    size_t on_body_impl(View text, Error&) override {
      judge_.look(text);
      return text.size();
    }
    size_t on_chunk_body_impl(uint64_t, View text, Error&) override {
      judge_.look(text);
      return text.size();
    }
    void on_request_impl(http::verb, View, View, int, Error&) override {}
    void on_field_impl(http::field, View, View, Error&) override {}
    void on_body_init_impl(const boost::optional<uint64_t>&, Error&) override {}
    void on_chunk_header_impl(uint64_t, View, Error&) override {}
    void on_finish_impl(Error&) override {}

    Judge& judge_;
  };

  void conclude(bool passed, std::string reason) {
    if (known_) return;
    known_ = true;
    passed_ = passed;
    reason_ = std::move(reason);
  }

  void see_status(unsigned status) {
    seen_ = fmt::format("status {}", status);
    const bool right = std::ranges::any_of(wish_.statuses, [&](const auto& range) {
      return range.first <= status && status <= range.second;
    });
    interim_ = !right && status >= 100 && status < 200 && status != kSwitchingProtocols;
    if (interim_ && ++interims_ > kMostInterims) {
      conclude(false, fmt::format("{}, again and again, expected {}", seen_, wish_.status));
    }
    if (!right && !interim_) conclude(false, fmt::format("{}, expected {}", seen_, wish_.status));
  }

  void see_head() {
    if (wish_.body.empty() && !interim_) conclude(true, seen_);
  }

  // After an interim response, such as 103, comes the one that counts (RFC 9110 section 15.2).
  void begin_next() {
    response_.emplace(*this);
    head_ = {};
    least_ = 1;
    const std::string rest = std::exchange(pending_, {});
    head_.mend(rest, pending_);
  }

  // All has come.
  void finish() {
    if (!wish_.body.empty()) conclude(false, seen_ + ", but not the expected text in its body");
    conclude(true, seen_);
  }

  void look(View text) {
    if (known_ || wish_.body.empty()) return;
    const size_t from = body_.size() - std::min(body_.size(), wish_.body.size() - 1);
    body_.append(text.data(), std::min(text.size(), kLooked - std::min(kLooked, looked_)));
    looked_ += text.size();
    if (body_.find(wish_.body, from) != body_.npos) return conclude(true, seen_);
    if (looked_ >= kLooked) {
      conclude(false, fmt::format("{}, but not the expected text in the first {} kB of its body",
                                  seen_, kLooked >> 10));
    }
    // Its end may be the beginning of what is looked for.
    body_.erase(0, body_.size() - std::min(body_.size(), wish_.body.size() - 1));
  }

  static constexpr size_t kLongestLines = 64 << 10;
  // What is left of a chunked body between chunks is no shorter; with less, Boost 1.74's parser may
  // fail an assertion of its own.
  static constexpr size_t kLeastOfChunks = std::string_view("0\r\n\r\n").size();
  static constexpr unsigned kSwitchingProtocols = 101;  // no other comes after it
  static constexpr unsigned kMostInterims = 20;         // a server may send them for ever

  const HttpWish& wish_;
  HeadMender head_;
  std::string pending_;  // what the parser has not used
  size_t least_ = 1;     // bytes of it with which it can go on
  std::optional<Response> response_;
  bool interim_ = false;  // the response that is read
  unsigned interims_ = 0;
  std::string seen_;
  std::string body_;  // its end
  size_t looked_ = 0;
  bool known_ = false, passed_ = false;
  std::string reason_;
};

HttpAnswer::HttpAnswer(const HttpWish& wish) : judge_(std::make_unique<Judge>(wish)) {}
HttpAnswer::~HttpAnswer() = default;
bool HttpAnswer::feed(std::string_view bytes) { return judge_->feed(bytes); }
bool HttpAnswer::end() { return judge_->end(); }
bool HttpAnswer::passed() const { return judge_->passed(); }
const std::string& HttpAnswer::reason() const { return judge_->reason(); }

}  // namespace control::health
