// The tables of schedulers and forwarding methods, as the configuration's validation wants them.
#pragma once

#include "conf/vocabulary.h"

namespace control {

conf::Vocabulary vocabulary();

}  // namespace control
