// ipvsadm -R against any document: it must answer with a table or with one error, and what -S
// prints of a table must be read as the same table.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/ipvsadm/restore.h"
#include "control/ipvsadm/rules.h"
#include "test/control/fake_changes.h"

namespace {

std::string saved(const conf::Config& config, bool numeric) {
  return control::ipvsadm::rules(control::test::facts_of(config).the_services, numeric,
                                 control::ipvsadm::system_port_names());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  conf::Vocabulary vocabulary;
  vocabulary.schedulers = {{"rr", ""},
                           {"wlc", ""},
                           {"sh",
                            "",
                            {{"port", {conf::Boolean{}}, "", false, "false"},
                             {"fallback", {conf::Boolean{}}, "", false, "false"}}}};
  vocabulary.methods = {{"nat", ""}, {"dr", "", true, true}, {"tunnel", "", true}};
  const std::string_view document(reinterpret_cast<const char*>(bytes), size);
  const auto config = control::ipvsadm::restore(document, {}, vocabulary);
  if (!config) {
    if (config.error().text.empty() || config.error().status == 0) std::abort();
    return 0;
  }
  const std::string numbers = saved(config->wanted, true);
  for (const bool numeric : {true, false}) {
    const auto again = control::ipvsadm::restore(saved(config->wanted, numeric), {}, vocabulary);
    if (!again || saved(again->wanted, true) != numbers) std::abort();
  }
  return 0;
}
