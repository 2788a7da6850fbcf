// -R: a table from the commands that make it.
#pragma once

#include <string_view>

#include "conf/config.h"
#include "conf/vocabulary.h"
#include "control/ipvsadm/values.h"

namespace control::ipvsadm {

// What `running` becomes when every line of `document` is executed: -A, -E, -D, -C, -a, -e, -d or
// --set, with or without the word "ipvsadm" in front. A word that begins with '#' begins a comment.
// The error names the first line that fails, as "line N: TEXT (LINE)".
Parsed<conf::Config> restore(std::string_view document, conf::Config running,
                             const conf::Vocabulary& vocabulary);

}  // namespace control::ipvsadm
