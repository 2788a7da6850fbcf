#include "control/health/https.h"

#include "control/health/http_attempt.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "control/health/http.h"
#include "control/health/options.h"

namespace control::health {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;
using Stream = ssl::stream<tcp::socket>;

constexpr uint16_t kHttpsPort = 443;

// The name that a certificate must have, and that the server is told; an address is told to none.
struct Peer {
  std::string name;
  bool is_address = false;
};

std::string without_port(const std::string& host) { return host.substr(0, host.find(':')); }

Peer peer_of(const std::string& sni, const std::string& host, const lb::Endpoint& target) {
  std::string name = !sni.empty() ? sni : without_port(host);
  if (name.empty()) name = target.address.to_string();
  const bool is_address = lb::IpAddress::parse(name).has_value();
  return {std::move(name), is_address};
}

class TlsAttempt final : public HttpAttempt<Stream> {
 public:
  TlsAttempt(boost::asio::io_context& io, const lb::Endpoint& target, const HttpWish& wish,
             ssl::context& context, Peer expected, Done done)
      : HttpAttempt(io, target, wish, kHttpsPort, std::move(done)),
        stream_(io, context),
        expected_(std::move(expected)) {}

 private:
  void begin() override {
    if (!expected_.is_address) {
      SSL_set_tlsext_host_name(stream_.native_handle(), expected_.name.c_str());
    }
    X509_VERIFY_PARAM* wanted = SSL_get0_param(stream_.native_handle());
    if (expected_.is_address) {
      X509_VERIFY_PARAM_set1_ip_asc(wanted, expected_.name.c_str());
    } else {
      X509_VERIFY_PARAM_set1_host(wanted, expected_.name.c_str(), expected_.name.size());
    }
    phase_ = "connect";
    stream_.next_layer().async_connect(peer(), [self = shared_from_this(), this](Error error) {
      if (error) return fail(error);
      if (!ended()) shake_hands();
    });
  }

  void shake_hands() {
    phase_ = "tls";
    stream_.async_handshake(Stream::client, [self = shared_from_this(), this](Error error) {
      if (ended()) return;
      const long verdict = SSL_get_verify_result(stream_.native_handle());
      if (error && verdict != X509_V_OK) {
        return fail_whole(fmt::format("certificate: {}", X509_verify_cert_error_string(verdict)));
      }
      if (error) return fail(error);
      ask(stream_);
    });
  }

  bool is_tls_end(const Error& error) const override {
    return error == ssl::error::stream_truncated;
  }
  void close() override { reset(stream_.next_layer()); }

  Stream stream_;
  Peer expected_;
};

class HttpsCheck final : public Check {
 public:
  HttpsCheck(boost::asio::io_context& io, const conf::Options& options)
      : io_(io),
        wish_(options),
        sni_(value_of<std::string>(options, "sni")),
        context_(ssl::context::tls_client) {
    const bool verify = value_of<bool>(options, "verify");
    context_.set_verify_mode(verify ? ssl::verify_peer : ssl::verify_none);
    SSL_CTX_set_session_cache_mode(context_.native_handle(), SSL_SESS_CACHE_OFF);
    if (!verify) return;
    ca_file_ = value_of<std::string>(options, "ca_file");
    if (ca_file_.empty()) {
      boost::system::error_code ignored;  // then no certificate is valid, which each probe says
      context_.set_default_verify_paths(ignored);
    } else {
      load();
    }
  }

  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override;

 private:
  void load() {
    boost::system::error_code error;
    fault_.clear();
    if (access(ca_file_.c_str(), R_OK) != 0) {
      fault_ = fmt::format("ca_file {}: {}", ca_file_, std::strerror(errno));
    } else if (context_.load_verify_file(ca_file_, error); error) {
      fault_ = fmt::format("ca_file {}: holds no certificate", ca_file_);
    }
  }

  boost::asio::io_context& io_;
  HttpWish wish_;
  std::string sni_;
  std::string ca_file_;
  ssl::context context_;  // costly to make, so all probes share it
  std::string fault_;     // why none can pass
};

class HopelessAttempt final : public Attempt {
 public:
  HopelessAttempt(boost::asio::io_context& io, std::string why, Done done)
      : Attempt(io, std::move(done)), why_(std::move(why)) {}

 private:
  void begin() override { fail_whole(why_); }
  void close() override {}

  std::string why_;
};

std::unique_ptr<Probe> HttpsCheck::start(const lb::Endpoint& target,
                                         std::chrono::milliseconds timeout, Done done) {
  if (!fault_.empty()) load();  // it may be there by now
  if (!fault_.empty()) {
    return Attempt::launch(std::make_shared<HopelessAttempt>(io_, fault_, std::move(done)),
                           timeout);
  }
  return Attempt::launch(
      std::make_shared<TlsAttempt>(io_, target, wish_, context_, peer_of(sni_, wish_.host, target),
                                   std::move(done)),
      timeout);
}

}  // namespace

std::vector<conf::Property> https_options() {
  std::vector<conf::Property> options = http_options();
  const conf::Text name{"a host name", "^[!-~]+$",
                        [](std::string_view text) -> std::optional<std::string> {
                          const bool blank = text.empty() || text.find(' ') != text.npos;
                          return blank ? std::optional<std::string>("a host name") : std::nullopt;
                        }};
  const conf::Text file{"the absolute path of a file", "^/[^\\u0000]+$",
                        [](std::string_view text) -> std::optional<std::string> {
                          const bool right = text.starts_with('/') && text.find('\0') == text.npos;
                          return right ? std::nullopt
                                       : std::optional<std::string>("the absolute path of a file");
                        }};
  options.push_back(option("verify", {conf::Boolean{}}, "true",
                           "Whether the server's certificate must be valid for its name."));
  options.push_back(option("ca_file", {file}, "",
                           "The authorities that are trusted, in PEM; left out, the system's."));
  options.push_back(option("sni", {name}, "",
                           "The name that the server is told and that its certificate must have; "
                           "left out, that of `host`, else the address."));
  return options;
}

std::unique_ptr<Check> make_https(boost::asio::io_context& io, const conf::Options& options) {
  return std::make_unique<HttpsCheck>(io, options);
}

}  // namespace control::health
