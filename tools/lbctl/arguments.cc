#include "tools/lbctl/arguments.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lbctl {
namespace {

using Words = std::span<const char* const>;

std::string_view basename_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::expected<void, std::string> set_line(Words words, Invocation& out) {
  if (out.ipvsadm) out.line = "ipvsadm";
  for (const std::string_view word : words) {
    if (word.empty()) return std::unexpected("an empty word cannot be sent");
    if (!out.line.empty()) out.line += ' ';
    for (const char c : word) {
      constexpr std::string_view kWhite = " \t\n\v\f\r";
      out.line += kWhite.find(c) == std::string_view::npos ? c : ' ';
    }
  }
  return {};
}

// The value of an option that is written "--name=VALUE" or "--name VALUE"; nothing: another option.
std::expected<std::optional<std::string_view>, std::string> value_of(std::string_view option,
                                                                     std::string_view name,
                                                                     std::string_view what,
                                                                     Words& words) {
  if (!option.starts_with(name)) return std::nullopt;
  if (option.size() > name.size()) {
    if (option[name.size()] != '=') return std::nullopt;
    return option.substr(name.size() + 1);
  }
  if (words.empty()) {
    return std::unexpected(std::string(name) + ": missing value (expected " + std::string(what) +
                           ")");
  }
  const std::string_view value = words[0];
  words = words.subspan(1);
  return value;
}

std::expected<std::chrono::seconds, std::string> parse_timeout(std::string_view text) {
  constexpr uint32_t kLongest = 86400;
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds > kLongest) {
    return std::unexpected("--timeout: found \"" + std::string(text) +
                           "\", expected whole seconds, 0 (none) to " + std::to_string(kLongest));
  }
  return std::chrono::seconds(seconds);
}

bool wants_document(Words words, bool ipvsadm) {
  if (!words.empty() && std::string_view(words.back()) == "json")
    words = words.first(words.size() - 1);
  if (!words.empty() && std::string_view(words.back()) == "-") return true;
  return ipvsadm && std::ranges::any_of(words, [](std::string_view word) {
           return word == "-R" || word == "--restore";
         });
}

}  // namespace

std::expected<Invocation, std::string> parse_arguments(Words arguments, const char* lbd_socket) {
  Invocation out;
  out.socket = lbd_socket != nullptr && *lbd_socket != '\0' ? lbd_socket : kDefaultSocket;
  out.ipvsadm = !arguments.empty() && basename_of(arguments[0]) == "ipvsadm";
  Words words = arguments.empty() ? arguments : arguments.subspan(1);

  while (!out.ipvsadm && !words.empty() && words[0][0] == '-') {
    const std::string_view option = words[0];
    words = words.subspan(1);
    if (option == "--help" || option == "-h") {
      out.action = Invocation::Action::kHelp;
      return out;
    }
    if (option == "--version") {
      out.action = Invocation::Action::kVersion;
      return out;
    }
    const auto socket = value_of(option, "--socket", "PATH", words);
    if (!socket) return std::unexpected(socket.error());
    if (*socket) {
      out.socket = **socket;
      continue;
    }
    const auto timeout = value_of(option, "--timeout", "SECONDS", words);
    if (!timeout) return std::unexpected(timeout.error());
    if (*timeout) {
      const auto seconds = parse_timeout(**timeout);
      if (!seconds) return std::unexpected(seconds.error());
      out.timeout = *seconds;
      continue;
    }
    return std::unexpected("unknown option " + std::string(option) +
                           " (options stand before the first word; lbctl --help lists them)");
  }
  if (!out.ipvsadm && words.empty()) {
    return std::unexpected("no command (lbctl help lists the daemon's)");
  }
  if (auto set = set_line(words, out); !set) return std::unexpected(set.error());
  // "lbctl ipvsadm …" is the same as "ipvsadm …".
  out.ipvsadm = out.ipvsadm || std::string_view(words[0]) == "ipvsadm";
  out.document = wants_document(words, out.ipvsadm);
  return out;
}

}  // namespace lbctl
