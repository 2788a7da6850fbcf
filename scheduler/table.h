// All schedulers by name. To add one: a file pair with its compile function, and a line in
// table.cc.
#pragma once

#include <span>
#include <string_view>

#include "scheduler/plan.h"

namespace scheduler {

struct Entry {
  std::string_view name;     // in the configuration and in ipvsadm
  std::string_view summary;  // one line of help
  Compile compile_with;
  std::span<const Option> options = {};

  std::unique_ptr<const Plan> compile(std::span<const Server> servers, Options given = {}) const {
    return compile_with(servers, given);
  }
};

std::span<const Entry> table();

// nullptr when there is none of that name.
const Entry* find(std::string_view name);

}  // namespace scheduler
