// The configuration reader against any text: it must answer with a value or with errors, and what
// it accepts must print to a file that loads to the same value.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "conf/load.h"
#include "conf/write.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  conf::Vocabulary vocabulary;
  vocabulary.schedulers = {{"rr", ""}, {"wlc", ""}};
  vocabulary.methods = {{"nat", ""}, {"dr", "", true, true}, {"tunnel", "", true}};
  const auto config =
      conf::load(std::string_view(reinterpret_cast<const char*>(bytes), size), vocabulary);
  if (!config) {
    if (config.error().empty()) std::abort();
    for (const conf::Error& error : config.error()) {
      if (error.to_string().find('\n') != std::string::npos) std::abort();
    }
    return 0;
  }
  const auto again = conf::load(conf::to_json(*config).dump(), vocabulary);
  if (!again || *again != *config) std::abort();
  return 0;
}
