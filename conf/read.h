// A validated document to a Config.
#pragma once

#include "conf/config.h"
#include "conf/findings.h"
#include "conf/value.h"
#include "conf/vocabulary.h"

namespace conf {

// Lists keep their length, so that an index here is an index of the file. Where `findings` calls a
// value unknown, what stands in the result means nothing; the rest may be compared with each other.
Config read(const Value& root, const Findings& findings, const Vocabulary& vocabulary);
// The same of one entry of `services`.
Service read_service(const Value& root, const Findings& findings, const Vocabulary& vocabulary);

}  // namespace conf
