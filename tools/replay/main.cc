// lbd-replay: what a director would do to captured packets.
#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>

#include "control/command_table.h"
#include "control/interpreter.h"
#include "control/load_file.h"
#include "control/resolve.h"
#include "tools/replay/facts.h"
#include "tools/replay/session.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

void say(const std::string& line) { fmt::print(stderr, "lbd-replay: {}\n", line); }

int print_tables(const control::Interpreter& interpreter,
                 const std::vector<std::string>& commands) {
  bool first = true;
  for (const std::string& command : commands) {
    const std::string reply = interpreter.execute(command, control::Level::kRead, {});
    if (reply.starts_with("error")) {
      fmt::print(stderr, "lbd-replay: --show \"{}\": {}", command, reply);
      return kUsageError;
    }
    fmt::print("{}{}", first ? "" : "\n", reply);
    first = false;
  }
  return 0;
}

// The commands' JSON documents as one.
int print_json(const control::Interpreter& interpreter, const std::vector<std::string>& commands) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const std::string& command : commands) {
    const auto known = control::resolve(control::command_table(), command, control::Level::kRead);
    if (known && !known->command->json) {
      fmt::print(stderr, "lbd-replay: --show \"{}\": has no JSON form\n", command);
      return kUsageError;
    }
    const std::string reply = interpreter.execute(command + " json", control::Level::kRead, {});
    const auto document = nlohmann::ordered_json::parse(reply, nullptr, false);
    if (!document.is_object()) {
      fmt::print(stderr, "lbd-replay: --show \"{}\": {}", command, reply);
      return kUsageError;
    }
    for (const auto& [key, value] : document.items()) {
      if (!all.contains(key)) {
        all[key] = value;
        continue;
      }
      fmt::print(
          stderr,
          "lbd-replay: --show \"{}\": another command has the key \"{}\" too: with --json ask "
          "for them apart\n",
          command, key);
      return kUsageError;
    }
  }
  fmt::print("{}\n", all.dump());
  return 0;
}

int replay_all(const replay::Options& options) {
  auto config = control::load_file(options.config_file);
  if (!config) {
    for (const std::string& line : config.error()) say(line);
    return kUsageError;
  }
  const auto run = replay::play(std::move(*config), options, say);
  if (!run) say(run.error().text);
  replay::Run* played = run ? run->get() : run.error().played.get();
  if (played == nullptr) return run.error().of_usage ? kUsageError : kFailure;
  replay::Facts facts(*played, options.config_file);
  const control::Interpreter interpreter(control::command_table(), facts);
  const int status = options.json ? print_json(interpreter, options.show)
                                  : print_tables(interpreter, options.show);
  if (std::fflush(stdout) != 0) {
    say(fmt::format("cannot write: {}", std::strerror(errno)));
    return kFailure;
  }
  return status == 0 && !run ? kFailure : status;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = replay::parse_options(argc, argv);
  if (!options) {
    say(options.error());
    return kUsageError;
  }
  switch (options->action) {
    case replay::Options::Action::kHelp:
      fmt::print("{}", replay::usage());
      return 0;
    case replay::Options::Action::kVersion:
      fmt::print("lbd-replay {}\n", LBD_VERSION);
      return 0;
    default:
      try {
        return replay_all(*options);
      } catch (const std::system_error& error) {  // of writing the tables
        say(error.what());
        return kFailure;
      }
  }
}
