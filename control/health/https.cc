#include "control/health/https.h"

#include "control/health/http_attempt.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <tuple>

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
  // RFC 6066, section 3: without a trailing dot.
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
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
      SSL* const session = stream_.native_handle();
      const bool verifies = SSL_get_verify_mode(session) != SSL_VERIFY_NONE;
      const long verdict = SSL_get_verify_result(session);
      if (error && verifies && verdict != X509_V_OK) {
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

// The authorities of one file, read once for all checks that name it, and again when it has
// changed: certificates are renewed while lbd runs. One that has become useless changes nothing,
// so that a slip while renewing it does not take every server away.
class Authorities {
 public:
  static std::shared_ptr<Authorities> of(const std::string& path) {
    static std::map<std::string, std::weak_ptr<Authorities>> all;
    std::erase_if(all, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<Authorities>& known = all[path];
    std::shared_ptr<Authorities> result = known.lock();
    if (!result) known = result = std::make_shared<Authorities>(path);
    return result;
  }
  explicit Authorities(std::string path) : path_(std::move(path)) {}

  // Looks whether the file has changed.
  void refresh() {
    struct stat found {};
    if (access(path_.c_str(), R_OK) != 0 || stat(path_.c_str(), &found) != 0) {
      fault_ = fmt::format("ca_file {}: {}", path_, std::strerror(errno));
      stamp_.reset();
      return;
    }
    const Stamp stamp{found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec,
                      found.st_mtim.tv_nsec};
    if (stamp_ == stamp) return;
    stamp_ = stamp;
    Store fresh(X509_STORE_new());
    if (X509_STORE_load_locations(fresh.get(), path_.c_str(), nullptr) == 1) {
      store_ = std::move(fresh);
      fault_.clear();
    } else {
      fault_ = fmt::format("ca_file {}: holds no certificate", path_);
    }
  }
  // nullptr: there is none, see fault().
  X509_STORE* store() const { return store_.get(); }
  const std::string& fault() const { return fault_; }

 private:
  struct Free {
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  };
  using Store = std::unique_ptr<X509_STORE, Free>;
  // Of what was read, device to nanoseconds.
  using Stamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;

  std::string path_;
  std::optional<Stamp> stamp_;
  Store store_;
  std::string fault_;
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
    const auto ca_file = value_of<std::string>(options, "ca_file");
    if (ca_file.empty()) {
      boost::system::error_code ignored;  // then no certificate is valid, which each probe says
      context_.set_default_verify_paths(ignored);
    } else {
      authorities_ = Authorities::of(ca_file);
    }
  }

  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override;

 private:
  // False: there are none to trust.
  bool trusts_somebody() {
    if (!authorities_) return true;
    authorities_->refresh();
    X509_STORE* const store = authorities_->store();
    if (store != nullptr && store != SSL_CTX_get_cert_store(context_.native_handle())) {
      SSL_CTX_set1_cert_store(context_.native_handle(), store);
    }
    return store != nullptr;
  }

  boost::asio::io_context& io_;
  HttpWish wish_;
  std::string sni_;
  ssl::context context_;                      // costly to make, so all probes share it
  std::shared_ptr<Authorities> authorities_;  // nullptr: the system's, or nobody's
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
  if (!trusts_somebody()) {
    return Attempt::launch(
        std::make_shared<HopelessAttempt>(io_, authorities_->fault(), std::move(done)), timeout);
  }
  return Attempt::launch(
      std::make_shared<TlsAttempt>(io_, target, wish_, context_, peer_of(sni_, wish_.host, target),
                                   std::move(done)),
      timeout);
}

}  // namespace

std::vector<conf::Property> https_options() {
  std::vector<conf::Property> options = http_options();
  const conf::Text name{
      "a host name", "^[!-~]+$", [](std::string_view text) -> std::optional<std::string> {
        return is_visible(text) ? std::nullopt : std::optional<std::string>("a host name");
      }};
  const conf::Text file{
      "the absolute path of a file", "^/[^\\u0000]+$",
      [](std::string_view text) -> std::optional<std::string> {
        const bool right = text.starts_with('/') && text.size() > 1 && text.find('\0') == text.npos;
        return right ? std::nullopt : std::optional<std::string>("the absolute path of a file");
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
