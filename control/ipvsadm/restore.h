// -R: a table from the commands that make it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "conf/config.h"
#include "conf/vocabulary.h"
#include "control/changes.h"
#include "control/ipvsadm/options.h"
#include "control/ipvsadm/values.h"

namespace control::ipvsadm {

// What a document comes to.
class Restored {
 public:
  explicit Restored(conf::Config running) : wanted(std::move(running)) {}

  conf::Config wanted;

  // Line `number` has changed what `request` names.
  void note(const Request& request, size_t number, std::string_view line);
  // The text of what refuses `wanted`: where it begins with the JSON pointer of a service or a
  // server, the last line that has changed that one stands in its place.
  std::string in_lines(const std::string& refusal) const;

 private:
  using What = std::pair<ServiceKey, std::optional<lb::Endpoint>>;  // a service, or its server
  std::map<What, std::pair<size_t, std::string>> lines_;
};

// What `running` becomes when every line of `document` is executed: -A, -E, -D, -C, -a, -e, -d or
// --set, with or without the word "ipvsadm" in front. A word that begins with '#' begins a comment.
// The error names the first line that fails, as "line N: TEXT (LINE)".
Parsed<Restored> restore(std::string_view document, conf::Config running,
                         const conf::Vocabulary& vocabulary);

}  // namespace control::ipvsadm
