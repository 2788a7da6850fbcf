#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "conf/schema.h"
#include "control/daemon.h"
#include "control/load_file.h"
#include "control/log.h"
#include "control/options.h"
#include "control/vocabulary.h"

namespace {

constexpr int kUsageError = 2;

// A full disk must not look like success.
int print(std::string_view text) {
  const bool taken = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (taken && std::fflush(stdout) == 0) return 0;
  control::log::error("cannot write to standard output: {}", std::strerror(errno));
  return 1;
}

int load_and_run(const control::Options& options) {
  auto config = control::load_file(options.config_file);
  if (!config) {
    for (const std::string& line : config.error()) control::log::error("{}", line);
    return kUsageError;
  }
  if (const auto why = control::why_unfit(*config, options.eal_arguments)) {
    // As of what the file itself tells.
    const std::string file = why->starts_with('/') ? options.config_file + ": " : "";
    control::log::error("{}{}", file, *why);
    return kUsageError;
  }
  if (options.action == control::Options::Action::kCheck) {
    return print(fmt::format("{}: good\n", options.config_file));
  }
  return control::run_daemon(std::move(*config), options.config_file, options.eal_arguments);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = control::parse_options(argc, argv);
  if (!options) {
    fmt::print(stderr, "lbd: {}\n", options.error());
    return kUsageError;
  }
  if (options->debug) control::log::set_threshold(control::log::Level::kDebug);
  switch (options->action) {
    case control::Options::Action::kHelp:
      return print(control::usage());
    case control::Options::Action::kVersion:
      return print("lbd " LBD_VERSION "\n");
    case control::Options::Action::kSchema:
      return print(conf::schema(control::vocabulary()).dump(2) + '\n');
    default:
      return load_and_run(*options);
  }
}
