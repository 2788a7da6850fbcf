#include "control/resolve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "conf/nearest.h"
#include "conf/text.h"

namespace control {
namespace {

using Words = std::vector<std::string_view>;

Words split(std::string_view text) {
  Words words;
  constexpr std::string_view kBlank = " \t";
  for (size_t at = text.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kBlank, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlank, end);
  }
  return words;
}

bool starts_with(const Words& words, const Words& prefix) {
  return words.size() >= prefix.size() &&
         std::ranges::equal(std::span(words).first(prefix.size()), prefix);
}

// The command whose words are nearest to as many of the given ones; empty: none is near.
std::string_view nearest(std::span<const Command> table, const Words& words) {
  for (size_t count = std::min<size_t>(words.size(), 2); count > 0; --count) {
    const std::string given = fmt::format("{}", fmt::join(std::span(words).first(count), " "));
    Words known;
    for (const Command& command : table) {
      if (split(command.words).size() == count) known.push_back(command.words);
    }
    if (const auto found = conf::nearest(given, known); !found.empty()) return found;
  }
  return {};
}

// "show" alone: what could follow.
std::string continuations(std::span<const Command> table, const Words& words) {
  Words next;
  for (const Command& command : table) {
    const Words own = split(command.words);
    if (own.size() > words.size() && starts_with(own, words)) next.push_back(own[words.size()]);
  }
  return fmt::format("{}", fmt::join(next, ", "));
}

// A word for an error message: a long one would hide the message.
std::string_view excerpt(std::string_view word) { return word.substr(0, 60); }

CommandError unknown(std::span<const Command> table, const Words& words) {
  if (const std::string next = continuations(table, words); !next.empty()) {
    return {fmt::format("\"{}\" needs one more word: {}", fmt::join(words, " "), next)};
  }
  const size_t shown = std::min<size_t>(words.size(), 2);
  const std::string given = fmt::format("{}", fmt::join(std::span(words).first(shown), " "));
  if (const std::string_view meant = nearest(table, words); !meant.empty()) {
    return {fmt::format("unknown command \"{}\"; did you mean \"{}\"?", excerpt(given), meant)};
  }
  return {fmt::format("unknown command \"{}\"; \"help\" lists the commands", excerpt(given))};
}

// How many bytes of it are whole characters.
size_t utf8_prefix(std::string_view line) {
  size_t good = 0;
  while (good < line.size()) {
    const conf::Character next = conf::first_character(line.substr(good));
    if (next.kind == conf::Character::Kind::kBroken) break;
    good += next.bytes.size();
  }
  return good;
}

std::expected<void, CommandError> check_bytes(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) continue;
    return std::unexpected(CommandError{
        fmt::format("byte {} of the command line is the control byte 0x{:02x}", i + 1, byte)});
  }
  if (const size_t good = utf8_prefix(line); good < line.size()) {
    return std::unexpected(
        CommandError{fmt::format("byte {} of the command line, 0x{:02x}, is not UTF-8", good + 1,
                                 static_cast<unsigned char>(line[good]))});
  }
  return {};
}

}  // namespace

std::string usage(const Command& command) {
  return fmt::format("{}{}{}{}", command.words, command.grammar.empty() ? "" : " ", command.grammar,
                     command.json ? " [json]" : "");
}

CommandError usage_error(const Command& command, std::string_view what) {
  return {fmt::format("{}: {}; usage: {}", command.words, what, usage(command))};
}

std::expected<Resolved, CommandError> resolve(std::span<const Command> table, std::string_view line,
                                              Level level) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (auto clean = check_bytes(line); !clean) return std::unexpected(clean.error());
  const Words words = split(line);
  if (words.empty())
    return std::unexpected(CommandError{"no command; \"help\" lists the commands"});

  Resolved found;
  size_t length = 0;
  for (const Command& command : table) {
    const Words own = split(command.words);
    if (own.size() > length && starts_with(words, own)) {
      found.command = &command;
      length = own.size();
    }
  }
  if (found.command == nullptr) return std::unexpected(unknown(table, words));
  if (found.command->level > level) {
    return std::unexpected(CommandError{fmt::format(
        "{}: this socket may only look; use one with level admin", found.command->words)});
  }
  found.arguments.assign(words.begin() + static_cast<ptrdiff_t>(length), words.end());
  if (found.command->json && !found.arguments.empty() && found.arguments.back() == "json") {
    found.json = true;
    found.arguments.pop_back();
  }
  if (found.command->grammar.empty() && !found.arguments.empty()) {
    return std::unexpected(usage_error(
        *found.command, fmt::format("unexpected \"{}\"", excerpt(found.arguments.front()))));
  }
  return found;
}

}  // namespace control
