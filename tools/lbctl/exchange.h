// The conversation with the daemon.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace lbctl {

inline constexpr std::string_view kHungUp = "lbd hung up before the end of its answer";

// A connected descriptor, which the caller closes. Error: one line that names the path; so does a
// daemon that has not taken the connection within `timeout` (0: none).
std::expected<int, std::string> connect_to(const std::string& path, std::chrono::seconds timeout);

// Whether a daemon at this path answers, if only that it was asked nothing: false when the one that
// was there ends. One that is silent for two seconds counts as alive.
bool is_alive(const std::string& path);

// Sends the line, then all of `document_fd` (-1: nothing), then shuts down the writing side, while
// it hands what comes back to `received` until end of file. A daemon that answers before it has
// read everything is heard out, and then ends the exchange. Error: one line; the reply is not to be
// trusted. One that hangs up without an answer is an error, silence after it has heard everything
// is an answer. False: there was silence. It is an error, too, if the daemon neither says nor takes
// anything for `timeout` (0: none), the time apart in which the document does not come.
std::expected<bool, std::string> exchange(int fd, std::string_view line, int document_fd,
                                          std::chrono::seconds timeout,
                                          const std::function<void(std::string_view)>& received);

}  // namespace lbctl
