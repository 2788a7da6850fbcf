// Tells systemd how the daemon does (sd_notify(3)). Without NOTIFY_SOCKET, that is outside of a
// unit with Type=notify, these do nothing. A message that systemd does not take is logged and
// otherwise ignored.
#pragma once

#include <chrono>
#include <string>

namespace control::notify {

// Sockets and ports work. Also ends a reload. `status` is what `systemctl status` shows, one line.
void ready(const std::string& status);
// A reload has begun; ready() must follow, whether the new file was good or not.
void reloading();
// The same line anew.
void status(const std::string& status);
// For a unit with WatchdogSec: that lbd lives. Returns after how long this must be said again.
std::chrono::microseconds alive();
// Shutdown has begun.
void stopping();

}  // namespace control::notify
