// One fault of a configuration file.
#pragma once

#include <string>
#include <vector>

namespace conf {

struct Error {
  // RFC 6901; empty for the file as a whole and for syntax errors, whose text names line and
  // column.
  std::string pointer;
  std::string text;

  // One line, fit for a terminal or a log whatever the file holds: "/services/0/x: unknown key; …".
  std::string to_string() const;

  bool operator==(const Error&) const = default;
};

// The first of them on one line, and how many more there are, as a command's reply has them.
std::string one_line(const std::vector<Error>& errors);
std::string one_line(const std::vector<std::string>& errors);

}  // namespace conf
