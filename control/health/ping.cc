#include "control/health/ping.h"

#include "control/health/attempt.h"
#include "dataplane/checksum.h"

#include <boost/asio/ip/icmp.hpp>

#include <linux/icmp.h>

#include <array>
#include <cstring>
#include <map>
#include <random>

namespace control::health {
namespace {

class PingAttempt;

// The socket and who waits for which answer. Handlers share it.
class Socket : public std::enable_shared_from_this<Socket> {
 public:
  explicit Socket(boost::asio::io_context& io) : socket_(io) {}

  boost::system::error_code send(const lb::IpAddress& to, PingAttempt& attempt, uint16_t& sequence);
  void forget(uint16_t sequence) { waiting_.erase(sequence); }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  boost::system::error_code open();
  void receive();
  void take(size_t size);

  boost::asio::ip::icmp::socket socket_;
  // Above what a masquerade's echoes get as a rule, and Linux's own ports.
  uint16_t identifier_ = static_cast<uint16_t>(61000 + std::random_device()() % 4536);
  uint16_t next_ = 0;
  std::map<uint16_t, PingAttempt*> waiting_;
  std::array<char, 2048> packet_;
  boost::asio::ip::icmp::endpoint from_;
};

class PingAttempt final : public Attempt {
 public:
  PingAttempt(boost::asio::io_context& io, const lb::IpAddress& address,
              std::shared_ptr<Socket> socket, Done done)
      : Attempt(io, std::move(done)), address_(address), socket_(std::move(socket)) {}

  bool is_from(const boost::asio::ip::address_v4& source) const {
    return source == to_asio(address_);
  }
  void answered() { pass("answered"); }

 private:
  void begin() override {
    phase_ = "send";
    uint16_t sequence = 0;
    if (const Error error = socket_->send(address_, *this, sequence)) return fail(error);
    sequence_ = sequence;
    phase_ = "answer";
  }
  void close() override {
    if (sequence_) socket_->forget(*sequence_);
  }

  lb::IpAddress address_;
  std::shared_ptr<Socket> socket_;
  std::optional<uint16_t> sequence_;
};

boost::system::error_code Socket::open() {
  boost::system::error_code error;
  socket_.open(boost::asio::ip::icmp::v4(), error);
  if (error) return error;
  // A raw socket hears all ICMP that comes to this host.
  const icmp_filter filter{~(1u << ICMP_ECHOREPLY)};
  if (setsockopt(socket_.native_handle(), SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) != 0) {
    error = {errno, boost::system::system_category()};
  } else {
    socket_.non_blocking(true, error);
  }
  if (error) {
    close();
  } else {
    receive();
  }
  return error;
}

boost::system::error_code Socket::send(const lb::IpAddress& to, PingAttempt& attempt,
                                       uint16_t& sequence) {
  if (!socket_.is_open()) {
    if (const auto error = open()) return error;
  }
  if (waiting_.size() > 0xffff) return {EAGAIN, boost::system::system_category()};
  while (waiting_.contains(next_)) ++next_;
  sequence = next_++;
  icmphdr header{};
  header.type = ICMP_ECHO;
  header.un.echo.id = identifier_;
  header.un.echo.sequence = sequence;
  header.checksum =
      dataplane::checksum_of({reinterpret_cast<const uint8_t*>(&header), sizeof(header)}).raw();
  boost::system::error_code error;
  socket_.send_to(boost::asio::buffer(&header, sizeof(header)), {to_asio(to), 0}, 0, error);
  if (!error) waiting_.emplace(sequence, &attempt);
  return error;
}

void Socket::receive() {
  socket_.async_receive_from(
      boost::asio::buffer(packet_), from_,
      [self = shared_from_this(), this](boost::system::error_code error, size_t size) {
        if (error == boost::asio::error::operation_aborted || !socket_.is_open()) return;
        if (!error) take(size);
        receive();
      });
}

// An IPv4 header comes first.
void Socket::take(size_t size) {
  const size_t ip_header = size == 0 ? 0 : (packet_[0] & 0x0f) * size_t{4};
  if (size < ip_header + sizeof(icmphdr)) return;
  icmphdr header;
  std::memcpy(&header, &packet_[ip_header], sizeof(header));
  if (header.type != ICMP_ECHOREPLY || header.un.echo.id != identifier_) return;
  const auto found = waiting_.find(header.un.echo.sequence);
  if (found == waiting_.end() || !from_.address().is_v4()) return;
  PingAttempt& attempt = *found->second;
  if (attempt.is_from(from_.address().to_v4())) attempt.answered();
}

class PingCheck final : public Check {
 public:
  explicit PingCheck(boost::asio::io_context& io)
      : io_(io), socket_(std::make_shared<Socket>(io)) {}
  ~PingCheck() override { socket_->close(); }
  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override {
    return Attempt::launch(
        std::make_shared<PingAttempt>(io_, target.address, socket_, std::move(done)), timeout);
  }

 private:
  boost::asio::io_context& io_;
  std::shared_ptr<Socket> socket_;
};

}  // namespace

std::unique_ptr<Check> make_ping(boost::asio::io_context& io, const conf::Options&) {
  return std::make_unique<PingCheck>(io);
}

}  // namespace control::health
