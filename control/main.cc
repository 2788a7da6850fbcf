#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "conf/schema.h"
#include "control/daemon.h"
#include "control/load_file.h"
#include "control/log.h"
#include "control/options.h"
#include "control/vocabulary.h"

namespace {

constexpr int kUsageError = 2;

int load_and_run(const control::Options& options) {
  auto config = control::load_file(options.config_file);
  if (!config) {
    for (const std::string& line : config.error()) control::log::error("{}", line);
    return kUsageError;
  }
  if (const auto why = control::why_unfit(*config, options.eal_arguments)) {
    control::log::error("{}", *why);
    return kUsageError;
  }
  if (options.action == control::Options::Action::kCheck) {
    fmt::print("{}: good\n", options.config_file);
    return 0;
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
      fmt::print("{}", control::usage());
      return 0;
    case control::Options::Action::kVersion:
      fmt::print("lbd {}\n", LBD_VERSION);
      return 0;
    case control::Options::Action::kSchema:
      fmt::print("{}\n", conf::schema(control::vocabulary()).dump(2));
      return 0;
    default:
      return load_and_run(*options);
  }
}
