#include "control/options.h"

#include <cstring>
#include <sstream>

#include "control/command_line.h"

namespace control {
namespace {

namespace po = boost::program_options;

po::options_description description() {
  po::options_description options("Options");
  options.add_options()(
      "config", po::value<std::string>()->value_name("FILE")->default_value("/etc/lbd/lbd.json"),
      "the configuration")("check", "validate the configuration, print every error, and exit")(
      "schema", "print the JSON Schema of the configuration and exit")(
      "debug", "log details, DPDK's included")("help", "print this and exit")(
      "version", "print the version and exit");
  return options;
}

}  // namespace

std::string usage() {
  std::ostringstream text;
  text << "Usage: lbd [OPTIONS] [-- EAL-ARGUMENTS…]\n\n"
          "Runs the director in the foreground until SIGTERM or SIGINT. What follows -- goes to\n"
          "DPDK's EAL after the configuration's own \"eal\" list.\n\n"
       << description()
       << "\nExit status: 0 after SIGTERM, SIGINT or a good --check; 2 for a configuration or "
          "usage\n"
          "error, with nothing started; 1 for anything else.\n";
  return text.str();
}

std::expected<Options, std::string> parse_options(int argc, char** argv) {
  Options result;
  int end = 1;
  while (end < argc && std::strcmp(argv[end], "--") != 0) ++end;
  for (int i = end + 1; i < argc; ++i) result.eal_arguments.emplace_back(argv[i]);
  try {
    const po::variables_map values = parse_command_line(end, argv, description());
    result.config_file = values["config"].as<std::string>();
    result.debug = values.contains("debug");
    if (values.contains("check")) result.action = Options::Action::kCheck;
    if (values.contains("schema")) result.action = Options::Action::kSchema;
    if (values.contains("version")) result.action = Options::Action::kVersion;
    if (values.contains("help")) result.action = Options::Action::kHelp;
  } catch (const po::error& error) {
    return std::unexpected(std::string(error.what()) + " (lbd --help lists the options)");
  }
  return result;
}

}  // namespace control
