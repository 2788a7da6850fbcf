#include "control/http_session.h"  // first: includes Asio

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <list>

#include "control/log.h"
#include "control/metrics_server.h"

namespace control {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

Tcp::endpoint to_asio(const lb::Endpoint& endpoint) {
  const auto& bytes = endpoint.address.bytes();
  if (endpoint.address.is_ipv4()) {
    asio::ip::address_v4::bytes_type v4;
    std::memcpy(v4.data(), bytes.data(), v4.size());
    return {asio::ip::address_v4(v4), endpoint.port};
  }
  return {asio::ip::address_v6(bytes), endpoint.port};
}

}  // namespace

class MetricsServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, RenderMetrics render, HttpLimits limits)
      : acceptor_(io), retry_(io), render_(std::move(render)), limits_(limits) {}

  std::expected<void, std::string> listen(const lb::Endpoint& address) {
    const Tcp::endpoint endpoint = to_asio(address);
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return {};
    return std::unexpected(
        fmt::format("metrics: cannot listen on {}: {}", address.to_string(), error.message()));
  }

  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](boost::system::error_code error, Tcp::socket socket) {
          if (!self->acceptor_.is_open()) return;
          if (error) return self->accept_later(error.message());
          self->serve(std::move(socket));
          self->accept();
        });
  }

  void stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (HttpSession* session : std::exchange(sessions_, {})) session->abandon();
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  // Out of descriptors, most likely: trying again at once would spin.
  void accept_later(const std::string& why) {
    log::warning("metrics: cannot accept a client: {}", why);
    retry_.expires_after(std::chrono::milliseconds(200));
    retry_.async_wait([self = shared_from_this()](boost::system::error_code) {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  // A scrape takes milliseconds: who has been there for longest is silent, or waits for its next.
  void serve(Tcp::socket socket) {
    if (sessions_.size() >= limits_.clients) sessions_.front()->end();
    auto session = std::make_shared<HttpSession>(
        std::move(socket), render_, limits_,
        [self = shared_from_this()](HttpSession* closed) { self->sessions_.remove(closed); });
    sessions_.push_back(session.get());
    session->read();
  }

  Tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  RenderMetrics render_;
  HttpLimits limits_;
  std::list<HttpSession*> sessions_;  // the oldest first
};

std::expected<MetricsServer, std::string> MetricsServer::start(asio::io_context& io,
                                                               const lb::Endpoint& address,
                                                               RenderMetrics render,
                                                               HttpLimits limits) {
  auto impl = std::make_shared<Impl>(io, std::move(render), limits);
  if (auto listening = impl->listen(address); !listening) return std::unexpected(listening.error());
  impl->accept();
  return MetricsServer(std::move(impl));
}

MetricsServer::MetricsServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::MetricsServer(MetricsServer&&) noexcept = default;

MetricsServer& MetricsServer::operator=(MetricsServer&& other) noexcept {
  if (impl_) impl_->stop();
  impl_ = std::move(other.impl_);
  return *this;
}

MetricsServer::~MetricsServer() {
  if (impl_) impl_->stop();
}

uint16_t MetricsServer::port() const { return impl_->port(); }

}  // namespace control
