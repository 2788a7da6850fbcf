// The commands that change services and real servers.
#pragma once

#include "conf/vocabulary.h"
#include "control/changes.h"
#include "control/ipvsadm/options.h"

namespace control::ipvsadm {

// Nothing, or why not, in ipvsadm's words and with its exit status.
using Outcome = Parsed<void>;

// Executes -A, -E, -D, -a, -e or -d on `table`; precondition: `request` is one of these, as parse()
// gave it. `vocabulary` says which schedulers there are and which flags they take.
Outcome change(const Request& request, ServiceTable& table, const conf::Vocabulary& vocabulary);

// The timeouts that --set makes of `timeouts`.
conf::Timeouts with_timeouts(conf::Timeouts timeouts, const Request& request);

// How ipvsadm puts a refusal of `verb`.
CommandError in_its_words(Verb verb, const Refusal& refusal);

}  // namespace control::ipvsadm
