#include "control/commands/show_config.h"

#include <nlohmann/json.hpp>

#include "control/json_text.h"

namespace control::commands {

Reply show_config(Facts& facts, const Call&) { return json_document(facts.config()); }

}  // namespace control::commands
