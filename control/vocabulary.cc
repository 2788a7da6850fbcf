#include "control/vocabulary.h"

#include "control/health/table.h"
#include "dataplane/methods.h"
#include "scheduler/table.h"

namespace control {

namespace {

conf::Vocabulary make() {
  conf::Vocabulary result;
  for (const scheduler::Entry& entry : scheduler::table()) {
    conf::Scheduler& described =
        result.schedulers.emplace_back(std::string(entry.name), std::string(entry.summary));
    for (const scheduler::Option& option : entry.options) {
      described.options.push_back({std::string(option.name),
                                   {conf::Boolean{}},
                                   std::string(option.summary),
                                   false,
                                   option.preset ? "true" : "false"});
    }
  }
  for (const dataplane::Method<lb::V4>& method : dataplane::methods<lb::V4>()) {
    result.methods.push_back({std::string(method.name), std::string(method.summary),
                              method.keeps_port, method.on_link,
                              // What it puts around packets comes from the director.
                              method.overhead > 0});
  }
  result.checks = health::described();
  return result;
}

}  // namespace

// Each change is checked against it, and changes may come by the thousand.
const conf::Vocabulary& vocabulary() {
  static const conf::Vocabulary made = make();
  return made;
}

}  // namespace control
