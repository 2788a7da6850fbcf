// Holds a JSON value against its description.
#pragma once

#include "conf/findings.h"
#include "conf/shape.h"
#include "conf/value.h"

namespace conf {

// Every way in which `root` is not what `shape` describes goes to `findings`, the values concerned
// being distrusted. A mistyped key stands for the key that was meant: that one is neither reported
// as missing nor trusted to be absent.
void validate(const Value& root, const Shape& shape, Findings& findings);

}  // namespace conf
