#include "conf/load.h"

#include "conf/check.h"
#include "conf/document.h"
#include "conf/grammar.h"
#include "conf/read.h"
#include "conf/validate.h"

namespace conf {

std::expected<Config, std::vector<Error>> load(std::string_view json_text,
                                               const Vocabulary& vocabulary) {
  Findings findings;
  const auto root = parse_document(json_text, findings);
  if (!root) return std::unexpected(std::vector{root.error()});
  validate(*root, grammar(vocabulary), findings);
  Config config = read(*root, findings, vocabulary);
  check(config, vocabulary, findings);
  if (!findings.empty()) return std::unexpected(findings.in_file_order(*root));
  return config;
}

}  // namespace conf
