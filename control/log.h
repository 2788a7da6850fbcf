// The log: one line per event on standard error. Not for workers: writing is a system call.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace control::log {

enum class Level : uint8_t { kError, kWarning, kNotice, kInfo, kDebug };

// Events less important than this are not written; at start, kInfo. Any thread.
void set_threshold(Level level);
bool enabled(Level level);

// Writes one line with one write(2), so that lines of several threads or processes do not mix. Any
// thread. Where nobody takes it, it is lost and counted, see LineSink.
void write(Level level, std::string_view text);

// "2026-11-25T12:00:00.123Z info: text\n", or with a journal "<6>text\n", since it stamps lines
// itself and wants the level so (sd-daemon(3)). Control bytes in the text are escaped as \xNN: text
// may quote what came from outside, and a line must stay a line.
std::string format_line(Level level, std::chrono::system_clock::time_point time, bool journal,
                        std::string_view text);

// True when JOURNAL_STREAM names the very file that descriptor `fd` is: a child of a service may
// inherit the variable and write to a terminal.
bool is_journal(const char* journal_stream, int fd);

template <typename... Arguments>
void emit(Level level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  if (enabled(level)) write(level, fmt::format(format, std::forward<Arguments>(arguments)...));
}

// Someone must act, or lbd does less than it was asked to.
template <typename... Arguments>
void error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  emit(Level::kError, format, std::forward<Arguments>(arguments)...);
}

// Goes on as asked, but something is wrong.
template <typename... Arguments>
void warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  emit(Level::kWarning, format, std::forward<Arguments>(arguments)...);
}

// A change that an operator wants to find later: start, reload, a server going up or down.
template <typename... Arguments>
void notice(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  emit(Level::kNotice, format, std::forward<Arguments>(arguments)...);
}

template <typename... Arguments>
void info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  emit(Level::kInfo, format, std::forward<Arguments>(arguments)...);
}

template <typename... Arguments>
void debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  emit(Level::kDebug, format, std::forward<Arguments>(arguments)...);
}

}  // namespace control::log
