// Command lines of lbd and its tools: options only, spelt out in full.
#pragma once

#include <boost/program_options.hpp>

namespace control {

// Throws boost::program_options::error for what the description does not have.
inline boost::program_options::variables_map parse_command_line(
    int argc, const char* const* argv,
    const boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  namespace style = po::command_line_style;
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv)
                .options(description)
                .positional({})
                .style(style::unix_style & ~style::allow_guessing)
                .run(),
            values);
  return values;
}

}  // namespace control
