// `ipvsadm …`: the ipvsadm(8) grammar and output, for scripts that call ipvsadm.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply ipvsadm(Facts& facts, const Call& call);

// -R and --restore read a table from the document.
bool ipvsadm_wants_document(std::span<const std::string_view> arguments);

// All but listing, saving and help.
bool ipvsadm_is_change(std::span<const std::string_view> arguments);

inline constexpr Command kIpvsadm{
    .words = "ipvsadm",
    .grammar = "[OPTION]...",
    .help = "ipvsadm(8), to the letter; ipvsadm -h says more",
    .json = false,  // ipvsadm's own grammar rules: a trailing `json` is its unexpected argument
    .wants_document = ipvsadm_wants_document,
    .is_change = ipvsadm_is_change,
    .run = ipvsadm,
};

}  // namespace control::commands
