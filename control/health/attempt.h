// What probes over Asio have in common: their time-out, and that their result is told once. For the
// files of types only: this header pulls in Asio.
#pragma once

#include <utility>  // before Asio: Boost 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/steady_timer.hpp>

#include "control/health/check.h"

namespace control::health {

// Lives as long as an operation of its own is under way. Subclasses begin their work in begin() and
// end it by pass() or fail(); handlers hold a shared pointer, and come after the end as well.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Error = boost::system::error_code;

  virtual ~Attempt() = default;

  // Makes the probe that owns the attempt, and begins a moment later.
  static std::unique_ptr<Probe> launch(std::shared_ptr<Attempt> attempt,
                                       std::chrono::milliseconds timeout);

 protected:
  Attempt(boost::asio::io_context& io, Done done) : io_(io), timer_(io), done_(std::move(done)) {}

  virtual void begin() = 0;
  // Gives back sockets and the like; called once, at the end.
  virtual void close() = 0;
  // What has not come when time runs out.
  virtual Result expired() const;

  bool ended() const { return !done_; }
  void pass(std::string reason) { end({true, std::move(reason)}); }
  // "PHASE: TEXT".
  void fail(std::string_view text);
  void fail(const Error& error);
  void fail_whole(std::string text) { end({false, std::move(text)}); }
  void give_up(std::string text) { end({.reason = std::move(text), .undecided = true}); }
  void end(Result result);

  boost::asio::io_context& io_;
  const char* phase_ = "";

 private:
  class Handle;
  static void expire_after(const std::shared_ptr<Attempt>& attempt,
                           std::chrono::steady_clock::duration time);
  void abandon();

  boost::asio::steady_timer timer_;
  std::chrono::milliseconds timeout_{};
  std::chrono::steady_clock::duration granted_{};  // besides, as the loop was held up
  Done done_;
};

// Whether a system call failed for what this machine or process has no more of.
bool is_own_lack(int error_number);

boost::asio::ip::address_v4 to_asio(const lb::IpAddress& address);

// "0.5 s".
std::string seconds_text(std::chrono::milliseconds time);

}  // namespace control::health
