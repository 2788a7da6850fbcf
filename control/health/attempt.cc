#include "control/health/attempt.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>

namespace control::health {
namespace {

// In the words of people who look at networks.
std::string text_of(const boost::system::error_code& error) {
  namespace errors = boost::asio::error;
  if (error == errors::connection_refused) return "refused";
  if (error == errors::connection_reset || error == errors::broken_pipe) return "reset";
  if (error == errors::host_unreachable) return "host unreachable";
  if (error == errors::network_unreachable) return "network unreachable";
  if (error == errors::eof) return "closed";
  return error.message();
}

}  // namespace

class Attempt::Handle final : public Probe {
 public:
  explicit Handle(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  ~Handle() override { attempt_->abandon(); }

 private:
  std::shared_ptr<Attempt> attempt_;
};

std::unique_ptr<Probe> Attempt::launch(std::shared_ptr<Attempt> attempt,
                                       std::chrono::milliseconds timeout) {
  attempt->timeout_ = timeout;
  attempt->timer_.expires_after(timeout);
  attempt->timer_.async_wait([attempt](const Error& error) {
    if (!error) attempt->end(attempt->expired());
  });
  boost::asio::post(attempt->io_, [attempt] {
    if (!attempt->ended()) attempt->begin();
  });
  return std::make_unique<Handle>(std::move(attempt));
}

Result Attempt::expired() const {
  return {false, fmt::format("{}: nothing within {}", phase_, seconds_text(timeout_))};
}

void Attempt::fail(std::string_view text) { fail_whole(fmt::format("{}: {}", phase_, text)); }

void Attempt::fail(const Error& error) {
  if (ended()) return;
  const bool is_system = error.category() == boost::system::system_category();
  if (is_system && is_own_lack(error.value())) {
    give_up(fmt::format("{}: {}", phase_, error.message()));
  } else {
    fail(text_of(error));
  }
}

bool is_own_lack(int error_number) {
  constexpr int kLacks[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN, EADDRNOTAVAIL};
  return std::ranges::find(kLacks, error_number) != std::end(kLacks);
}

void Attempt::end(Result result) {
  if (ended()) return;
  const Done done = std::exchange(done_, nullptr);
  timer_.cancel();
  close();
  done(std::move(result));
}

void Attempt::abandon() {
  if (ended()) return;
  done_ = nullptr;
  timer_.cancel();
  close();
}

boost::asio::ip::address_v4 to_asio(const lb::IpAddress& address) {
  return boost::asio::ip::address_v4(address.ipv4().bits.value());
}

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{} s", static_cast<double>(time.count()) / 1000.0);
}

}  // namespace control::health
