// Tells systemd how the daemon does (sd_notify(3)). Without NOTIFY_SOCKET, that is outside of a
// unit with Type=notify, these do nothing. A message that systemd does not take is logged and
// otherwise ignored.
#pragma once

#include <string>

namespace control::notify {

// Sockets and ports work. Also ends a reload. `status` is what `systemctl status` shows, one line.
void ready(const std::string& status);
// A reload has begun; ready() must follow, whether the new file was good or not.
void reloading();
// Shutdown has begun.
void stopping();

}  // namespace control::notify
