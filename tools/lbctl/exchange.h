// The conversation with the daemon.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace lbctl {

inline constexpr std::string_view kHungUp = "lbd hung up before the end of its answer";

// A connected descriptor, which the caller closes. Error: one line that names the path.
std::expected<int, std::string> connect_to(const std::string& path);

// Whether a daemon at this path answers, if only that it was asked nothing: false when the one that
// was there ends. One that is silent for two seconds counts as alive.
bool is_alive(const std::string& path);

// Sends the line, then all of `document_fd` (-1: nothing), then shuts down the writing side, while
// it hands what comes back to `received` until end of file. A daemon that answers before it has
// read everything is heard out, and then ends the exchange. Error: one line; the reply is not to be
// trusted. One that hangs up without an answer is an error, silence after it has heard everything
// is an answer. False: there was silence.
std::expected<bool, std::string> exchange(int fd, std::string_view line, int document_fd,
                                          const std::function<void(std::string_view)>& received);

}  // namespace lbctl
