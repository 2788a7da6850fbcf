// The description of lbd's file: validation, the JSON Schema and its help are all read from it.
#pragma once

#include "conf/shape.h"
#include "conf/vocabulary.h"

namespace conf {

Shape grammar(const Vocabulary& vocabulary);
// Of one entry of `services`.
Shape service_grammar(const Vocabulary& vocabulary);

}  // namespace conf
