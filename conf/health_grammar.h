// The description of a health check: what all types have in common, and what each brings.
#pragma once

#include "conf/shape.h"
#include "conf/vocabulary.h"

namespace conf {

Shape health_check_shape(const Vocabulary& vocabulary);

}  // namespace conf
