#include "control/log_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace control::log {
namespace {

constexpr int kPatienceMs = 50;

}  // namespace

// What a pipe or socket then takes is PIPE_BUF bytes at least. Where the kernel does not say, the
// line is more than the risk to wait.
bool LineSink::has_room() {
  pollfd wanted{descriptor_, POLLOUT, 0};
  int ready;
  do {
    ready = poll(&wanted, 1, is_patient_ ? kPatienceMs : 0);
  } while (ready < 0 && errno == EINTR);
  is_patient_ = ready != 0;
  return is_patient_;
}

void LineSink::put(std::string_view line, const std::function<std::string(uint64_t)>& of_lost) {
  std::string whole = is_cut_ ? "\n" : "";
  if (lost_ > 0) whole += of_lost(lost_);
  whole += line;
  size_t written = 0;
  while (written < whole.size()) {
    if (!has_room()) break;
    const size_t part = std::min<size_t>(whole.size() - written, PIPE_BUF);
    const ssize_t n = ::write(descriptor_, whole.data() + written, part);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  const bool is_whole = written == whole.size();
  if (written > 0) is_cut_ = !is_whole;
  lost_ = is_whole ? 0 : lost_ + 1;
}

}  // namespace control::log
