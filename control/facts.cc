#include "control/facts.h"

#include <fmt/format.h>

#include "control/explanation.h"

namespace control {

Traffic& Traffic::operator+=(const Traffic& other) {
  connections += other.connections;
  packets_in += other.packets_in;
  packets_out += other.packets_out;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  return *this;
}

Traffic& Traffic::operator-=(const Traffic& earlier) {
  connections -= earlier.connections;
  packets_in -= earlier.packets_in;
  packets_out -= earlier.packets_out;
  bytes_in -= earlier.bytes_in;
  bytes_out -= earlier.bytes_out;
  return *this;
}

Rates& Rates::operator+=(const Rates& other) {
  connections += other.connections;
  packets_in += other.packets_in;
  packets_out += other.packets_out;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  return *this;
}

bool ServiceFacts::is_called(std::string_view word) const {
  return word == name || word == fmt::format("{}:{}", to_string(protocol), address.to_string());
}

std::expected<Explanation, std::string> Facts::explain(const ExplainQuery&) {
  return std::unexpected("there is no packet path here to ask");
}

}  // namespace control
