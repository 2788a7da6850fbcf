#include "control/health/attempt.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>

namespace control::health {
namespace {

// A loop that comes to its timers so much later has been held up.
constexpr std::chrono::milliseconds kLate{20};

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
  expire_after(attempt, timeout);
  boost::asio::post(attempt->io_, [attempt] {
    if (!attempt->ended()) attempt->begin();
  });
  return std::make_unique<Handle>(std::move(attempt));
}

// While the loop was busy elsewhere, with a long reply say, an answer may have come that nobody has
// looked at. That time is not the server's; but a loop that is always late must not keep a dead one
// alive.
void Attempt::expire_after(const std::shared_ptr<Attempt>& attempt,
                           std::chrono::steady_clock::duration time) {
  attempt->timer_.expires_after(time);
  attempt->timer_.async_wait([attempt](const Error& error) {
    if (error || attempt->ended()) return;
    const auto late = std::chrono::steady_clock::now() - attempt->timer_.expiry();
    if (late < kLate || attempt->granted_ >= attempt->timeout_) {
      attempt->end(attempt->expired());
      return;
    }
    const auto grant = std::min<std::chrono::steady_clock::duration>(late, attempt->timeout_);
    attempt->granted_ += grant;
    expire_after(attempt, grant);
  });
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
