// Executes an ipvsadm command line on the director.
#pragma once

#include <span>
#include <string_view>

#include "control/command.h"

namespace control::ipvsadm {

// `words` is what followed "ipvsadm". Output, messages and exit statuses are ipvsadm's; what
// changes something is refused with status 2.
Reply run(Facts& facts, std::span<const std::string_view> words);

}  // namespace control::ipvsadm
