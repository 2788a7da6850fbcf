// The tables of schedulers, forwarding methods and health checks, as the configuration's validation
// wants them.
#pragma once

#include "conf/vocabulary.h"

namespace control {

const conf::Vocabulary& vocabulary();

}  // namespace control
