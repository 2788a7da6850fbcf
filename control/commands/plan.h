// `plan`: what would happen if the document were the file. It changes nothing.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply plan(Facts& facts, const Call& call);

// The document follows the line.
bool plan_wants_document(std::span<const std::string_view> arguments);

inline constexpr Command kPlan{
    .words = "plan",
    .grammar = "-",
    .help = "what a reload of the document would change, in words; changes nothing",
    .level = Level::kRead,
    .wants_document = plan_wants_document,
    .run = plan,
};

}  // namespace control::commands
