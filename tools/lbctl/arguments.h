// lbctl's own command line. It knows no commands: after the options all words are the daemon's.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace lbctl {

inline constexpr std::string_view kDefaultSocket = "/run/lbd/lbd.sock";
// Of lbd's slowest answers, those about tens of thousands of servers, each takes some seconds.
inline constexpr std::chrono::seconds kDefaultTimeout{30};

struct Invocation {
  enum class Action : uint8_t { kCommand, kHelp, kVersion };
  Action action = Action::kCommand;
  std::string socket;
  std::chrono::seconds timeout = kDefaultTimeout;  // without a word of the daemon; 0: none
  std::string line;                                // the words, blanks between them, no newline
  bool document = false;                           // standard input follows the line
  bool ipvsadm = false;                            // errors are printed as ipvsadm prints them
};

// `arguments` is argv; called as `ipvsadm` (whatever the directory) it has no options of its own
// and sends "ipvsadm" and all words. `lbd_socket` is the environment's LBD_SOCKET or null. The
// socket's grammar is one line without quoting: white space inside a word, as a quoted JSON
// document has it, goes out as blanks, and an empty word is an error. Errors: one line without a
// program name.
std::expected<Invocation, std::string> parse_arguments(std::span<const char* const> arguments,
                                                       const char* lbd_socket);

}  // namespace lbctl
