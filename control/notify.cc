#include "control/notify.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <cstring>
#include <ctime>

#include "control/log.h"

namespace control::notify {
namespace {

void send(const std::string& message) {
  // 0: the variable stays, so that later messages find the socket.
  if (const int result = sd_notify(0, message.c_str()); result < 0) {
    log::warning("cannot notify systemd: {}", std::strerror(-result));
  }
}

}  // namespace

void ready(const std::string& status) { send("READY=1\nSTATUS=" + status); }

void reloading() {
  // Units with Type=notify-reload (systemd 253) want the time too.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  send(
      fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void status(const std::string& status) { send("STATUS=" + status); }

std::chrono::microseconds alive() {
  uint64_t patience = 0;
  if (sd_watchdog_enabled(0, &patience) <= 0) return std::chrono::hours(1);
  send("WATCHDOG=1");
  return std::chrono::microseconds(patience / 3);
}

void stopping() { send("STOPPING=1"); }

}  // namespace control::notify
