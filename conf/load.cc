#include "conf/load.h"

#include <algorithm>

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

std::expected<Service, std::vector<Error>> load_service(std::string_view json_text,
                                                        const Vocabulary& vocabulary) {
  Findings findings;
  const auto root = parse_document(json_text, findings);
  if (!root) return std::unexpected(std::vector{root.error()});
  validate(*root, service_grammar(vocabulary), findings);
  if (!findings.empty()) return std::unexpected(findings.in_file_order(*root));
  return read_service(*root, findings, vocabulary);
}

std::vector<Error> check_config(const Config& config, const Vocabulary& vocabulary) {
  Findings findings;
  check(config, vocabulary, findings);
  return findings.in_file_order({});
}

std::vector<Error> check_service(const Config& config, const Service& service,
                                 std::optional<size_t> place, const Vocabulary& vocabulary) {
  // By itself, with what all services share.
  Config alone;
  alone.interfaces = config.interfaces;
  alone.routes = config.routes;
  alone.masquerade = config.masquerade;
  alone.vips = config.vips;
  alone.services = {service};
  Findings findings;
  check(alone, vocabulary, findings);
  std::vector<Error> errors = findings.in_file_order({});
  // Pointers that a text cites are into the service too.
  constexpr std::string_view kPlace = "/services/0", kCited = "at /services/0";
  for (Error& error : errors) {
    if (error.pointer.starts_with(kPlace)) error.pointer.erase(0, kPlace.size());
    const size_t cited = error.text.find(kCited);
    if (cited != std::string::npos) error.text.erase(cited + 3, kPlace.size());
  }
  for (Error& error : check_beside_others(config, service, place)) {
    // Such as that a server has the VIP of this service and of another one.
    if (std::ranges::find(errors, error) == errors.end()) errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace conf
