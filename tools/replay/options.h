// lbd-replay's command line.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "lb/address.h"

namespace replay {

struct Options {
  enum class Action { kReplay, kHelp, kVersion };
  // What belongs to an interface, by the name that the command line gives.
  struct File {
    std::string interface;
    std::string path;
  };
  struct Mac {
    std::string interface;
    lb::MacAddress mac;
  };
  struct Neighbour {
    std::string interface;
    lb::IpAddress address;
    lb::MacAddress mac;
  };

  Action action = Action::kReplay;
  std::string config_file;
  std::vector<File> in;
  std::vector<File> out;
  std::vector<Mac> macs;
  std::vector<Neighbour> neighbours;
  bool answer_arp = false;
  uint32_t tail_seconds = 0;
  std::vector<std::string> show;  // commands of the control socket
  bool json = false;
};

// The error names the option at fault and the expected form.
std::expected<Options, std::string> parse_options(int argc, char** argv);

std::string usage();

}  // namespace replay
