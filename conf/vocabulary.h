// The schedulers, forwarding methods and health checks that there are, as the caller's tables
// describe them. This room knows none by name: a new one is a new entry here, with its options, and
// nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/shape.h"

namespace conf {

// An option is a Text, an Integer, a Boolean or a Choice, with a default unless it is required. A
// service gives them as "scheduler_options": {…}; the key exists when some scheduler has options.
struct Scheduler {
  std::string name;
  std::string summary;
  std::vector<Property> options = {};
};

// Options as above, as "forward_options": {…} of a service or of one server.
struct Method {
  std::string name;
  std::string summary;
  bool keeps_port = false;     // a server's port must be the service's
  bool on_link = false;        // no router may stand between director and server
  bool needs_address = false;  // of the director, other than a VIP
  std::vector<Property> options = {};
};

// Options as above, lists of Texts too, that stand beside "type" in "health_check": {…}. One
// without a default that the file leaves out is not there at all.
struct CheckType {
  enum class Port : uint8_t { kNone, kOptional, kNeeded };
  // An option that is wrong beside others, and what they would have instead: "a text", "no key".
  struct Contradiction {
    std::string option;
    std::string expected;
  };

  std::string name;
  std::string summary;
  Port port = Port::kNeeded;  // what it does with the target's
  std::vector<Property> options = {};
  // Of options that are right one by one, and have their defaults: with a contradiction no server
  // could pass. nullptr: there can be none.
  std::optional<Contradiction> (*contradiction)(const Options& options) = nullptr;
};

struct Vocabulary {
  std::vector<Scheduler> schedulers;
  std::vector<Method> methods;
  std::vector<CheckType> checks = {};

  const Scheduler* find_scheduler(std::string_view name) const {
    for (const Scheduler& scheduler : schedulers) {
      if (scheduler.name == name) return &scheduler;
    }
    return nullptr;
  }
  const Method* find_method(std::string_view name) const {
    for (const Method& method : methods) {
      if (method.name == name) return &method;
    }
    return nullptr;
  }
  const CheckType* find_check(std::string_view name) const {
    for (const CheckType& check : checks) {
      if (check.name == name) return &check;
    }
    return nullptr;
  }
};

}  // namespace conf
