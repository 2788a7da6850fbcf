#include "control/socket_session.h"  // first: includes Asio

#include <list>
#include <unordered_map>

#include "control/log.h"
#include "control/socket_server.h"
#include "control/unix_listener.h"

namespace control {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

class SocketServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, const Interpreter& interpreter, SocketLimits limits)
      : io_(io), interpreter_(interpreter), limits_(limits), watch_(io) {}

  std::expected<void, std::string> add(const SocketOptions& options) {
    Listening& listening =
        listening_.emplace_back(Protocol::acceptor(io_), asio::steady_timer(io_), options);
    return listen(listening);
  }

  void accept_all() {
    for (Listening& listening : listening_) accept(listening);
    watch();
  }

  void stop() {
    for (const auto& [session, listening] : std::exchange(sessions_, {})) session->abandon();
    listening_.clear();
    watch_.cancel();
  }

  size_t clients() const { return sessions_.size(); }

 private:
  struct Listening {
    Protocol::acceptor acceptor;
    asio::steady_timer retry;
    SocketOptions options;
    std::optional<UnixListener> file = {};  // nothing: it cannot be made, which has been told
    // Sessions: each socket has places of its own, so that readers do not lock out administrators.
    size_t served = 0;
    size_t refused = 0;
    std::shared_ptr<size_t> unread = std::make_shared<size_t>(0);
    bool failure_told = false;  // since the last client that came in
  };
  static constexpr size_t kRefusedAtOnce = 16;

  std::expected<void, std::string> listen(Listening& listening) {
    const SocketOptions& options = listening.options;
    auto file = UnixListener::open(options.path, options.mode, options.group);
    if (!file) return std::unexpected(file.error());
    listening.acceptor = Protocol::acceptor(io_, Protocol(), file->release_fd());
    listening.file.emplace(std::move(*file));
    return {};
  }

  // A director whose socket somebody has deleted could be steered no more.
  void watch() {
    watch_.expires_after(limits_.watch);
    watch_.async_wait([self = shared_from_this()](boost::system::error_code) {
      if (self->listening_.empty()) return;
      for (Listening& listening : self->listening_) self->look_after(listening);
      self->watch();
    });
  }

  void look_after(Listening& listening) {
    const bool failed_before = !listening.file;
    if (!failed_before && listening.file->is_there()) return;
    // First: a file made later may have the same inode, and be taken for this one.
    listening.file.reset();
    if (auto made = listen(listening); !made) {
      if (!failed_before) log::error("{}; it was deleted", made.error());
      return;
    }
    log::warning("socket {} was deleted, and is made again", listening.options.path);
    listening.retry.cancel();
    accept(listening);
  }

  // `listening` lives until stop(), whose mark for handlers that are still queued is an empty list.
  void accept(Listening& listening) {
    listening.acceptor.async_accept([self = shared_from_this(), &listening](
                                        boost::system::error_code error, Protocol::socket socket) {
      if (self->listening_.empty() || error == asio::error::operation_aborted) return;
      if (error) return self->accept_later(listening, error.message());
      listening.failure_told = false;
      self->serve(std::move(socket), listening);
      self->accept(listening);
    });
  }

  // Out of descriptors, most likely: trying again at once would spin.
  void accept_later(Listening& listening, const std::string& why) {
    if (!std::exchange(listening.failure_told, true)) {
      log::warning("socket {}: cannot accept a client: {}", listening.options.path, why);
    }
    listening.retry.expires_after(std::chrono::milliseconds(200));
    listening.retry.async_wait(
        [self = shared_from_this(), &listening](boost::system::error_code error) {
          if (!error && !self->listening_.empty()) self->accept(listening);
        });
  }

  // Of those turned away some may be hearing why; beyond that the connection just breaks.
  void serve(Protocol::socket socket, Listening& listening) {
    if (listening.refused >= kRefusedAtOnce) return;
    const bool full = listening.served >= limits_.clients && !make_room(listening);
    size_t& count = full ? listening.refused : listening.served;
    ++count;
    auto session = std::make_shared<SocketSession>(
        std::move(socket), listening.options, interpreter_, limits_, listening.unread,
        [self = shared_from_this(), &count](SocketSession* closed) {
          self->sessions_.erase(closed);
          --count;
        });
    sessions_.emplace(session.get(), &listening);
    full ? session->refuse("too many clients at once; try again later") : session->start();
  }

  // Clients that were opened and forgotten must not keep out those that want something.
  bool make_room(const Listening& listening) {
    SocketSession* longest = nullptr;
    auto since = std::chrono::steady_clock::now() - limits_.silence;
    for (const auto& [session, through] : sessions_) {
      const auto silent = session->silent_since();
      if (through != &listening || !silent || *silent > since) continue;
      longest = session;
      since = *silent;
    }
    if (longest != nullptr) longest->give_up_place();
    return longest != nullptr;
  }

  asio::io_context& io_;
  const Interpreter& interpreter_;
  SocketLimits limits_;
  asio::steady_timer watch_;
  std::list<Listening> listening_;
  std::unordered_map<SocketSession*, const Listening*> sessions_;
};

std::expected<SocketServer, std::string> SocketServer::start(asio::io_context& io,
                                                             std::span<const SocketOptions> sockets,
                                                             const Interpreter& interpreter,
                                                             SocketLimits limits) {
  auto impl = std::make_shared<Impl>(io, interpreter, limits);
  for (const SocketOptions& options : sockets) {
    if (auto listening = impl->add(options); !listening) {
      return std::unexpected(listening.error());
    }
  }
  impl->accept_all();
  return SocketServer(std::move(impl));
}

SocketServer::SocketServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SocketServer::SocketServer(SocketServer&&) noexcept = default;

SocketServer& SocketServer::operator=(SocketServer&& other) noexcept {
  if (impl_) impl_->stop();
  impl_ = std::move(other.impl_);
  return *this;
}

SocketServer::~SocketServer() {
  if (impl_) impl_->stop();
}

size_t SocketServer::clients() const { return impl_->clients(); }

}  // namespace control
