// Executes an ipvsadm command line on the director.
#pragma once

#include <span>
#include <string_view>

#include "conf/vocabulary.h"
#include "control/command.h"

namespace control::ipvsadm {

// `words` is what followed "ipvsadm"; of `call` the document, the level and the changes count.
// Output, messages and exit statuses are ipvsadm's; lbd's own refusals have status 2, and what the
// configuration's checks say has 255, as the kernel's refusals.
Reply run(Facts& facts, const Call& call, const conf::Vocabulary& vocabulary);

}  // namespace control::ipvsadm
