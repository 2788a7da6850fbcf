#include "control/log.h"

#include <fmt/chrono.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <utility>

#include "control/human.h"
#include "control/log_sink.h"

namespace control::log {
namespace {

std::atomic<Level> threshold{Level::kInfo};

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kError:
      return "error";
    case Level::kWarning:
      return "warning";
    case Level::kNotice:
      return "notice";
    case Level::kInfo:
      return "info";
    case Level::kDebug:
      return "debug";
  }
  std::unreachable();
}

// syslog's priorities: LOG_ERR is 3, LOG_DEBUG 7.
int priority_of(Level level) { return 3 + static_cast<int>(level); }

}  // namespace

void set_threshold(Level level) { threshold.store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level <= threshold.load(std::memory_order_relaxed); }

std::string format_line(Level level, std::chrono::system_clock::time_point time, bool journal,
                        std::string_view text) {
  std::string line;
  if (journal) {
    line = fmt::format("<{}>", priority_of(level));
  } else {
    using std::chrono::milliseconds;
    const auto since = std::chrono::floor<milliseconds>(time.time_since_epoch());
    const std::time_t seconds = since / std::chrono::seconds(1);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    line =
        fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {}: ", utc, since.count() % 1000, name_of(level));
  }
  line += printable(text);
  line += '\n';
  return line;
}

bool is_journal(const char* journal_stream, int fd) {
  struct stat found {};
  return journal_stream != nullptr && fstat(fd, &found) == 0 &&
         fmt::format("{}:{}", found.st_dev, found.st_ino) == journal_stream;
}

void write(Level level, std::string_view text) {
  static const bool journal = is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO);
  static std::mutex mutex;  // a long line may take several writes after all
  static LineSink sink(STDERR_FILENO);
  const auto line = [](Level of, std::string_view what) {
    return format_line(of, std::chrono::system_clock::now(), journal, what);
  };
  const std::lock_guard lock(mutex);
  sink.put(line(level, text), [&](uint64_t lost) {
    return line(Level::kWarning,
                fmt::format("{} line{} of log lost: nobody took them", lost, lost == 1 ? "" : "s"));
  });
}

}  // namespace control::log
