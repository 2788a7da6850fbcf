// `save`: the running configuration becomes the file.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply save(Facts& facts, const Call& call);

inline constexpr Command kSave{
    .words = "save",
    .grammar = "",
    .help = "writes the running configuration over the file; the old one stays as FILE.old",
    .level = Level::kAdmin,
    .run = save,
};

}  // namespace control::commands
