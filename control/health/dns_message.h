// DNS messages, by the resolver library's own functions: making a question, reading an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace control::health {

// The types of records that can be asked for, by name; 0: none of that name.
int dns_type(std::string_view name);
std::vector<std::string> dns_type_names();

// Whether that is a name that can be asked for.
bool is_dns_name(const std::string& name);

// A question with recursion desired and an ID of its own. Precondition: is_dns_name.
std::string dns_question(const std::string& name, int type);

struct DnsAnswer {
  std::string code;  // "NOERROR", "NXDOMAIN", …; "malformed": it is the answer, and cannot be read
  bool truncated = false;
  std::vector<std::string> records = {};  // data of those of the type that was asked for
};

// Nothing: these bytes answer another question, or none.
std::optional<DnsAnswer> read_dns_answer(std::string_view bytes, std::string_view question,
                                         int type);

// Whether two texts of records say the same: letters' case and a final dot aside.
bool is_same_record(std::string_view one, std::string_view other);

}  // namespace control::health
