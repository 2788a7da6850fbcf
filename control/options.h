// lbd's command line.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace control {

struct Options {
  enum class Action { kRun, kCheck, kSchema, kHelp, kVersion };
  Action action = Action::kRun;
  std::string config_file = "/etc/lbd/lbd.json";
  bool debug = false;
  std::vector<std::string> eal_arguments;  // what follows "--"
};

// The error names the option at fault.
std::expected<Options, std::string> parse_options(int argc, char** argv);

std::string usage();

}  // namespace control
