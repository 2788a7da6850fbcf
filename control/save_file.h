// A file replaced as a whole.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace control {

// Puts `text` into the place of the file at `path`, whose old content stays beside it as PATH.old.
// Whoever reads meanwhile sees the one or the other, whole; so does whoever comes after a crash.
// Owner and mode stay, and a symbolic link leads where it led. The error is one line.
std::expected<void, std::string> save_file(const std::string& path, std::string_view text);

}  // namespace control
