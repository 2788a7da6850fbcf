// All types of health checks by name. To add one: a file pair with its options and its make
// function, and a line in table.cc.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/vocabulary.h"
#include "control/health/check.h"

namespace control::health {

struct Type {
  std::string_view name;  // in the configuration
  std::string_view summary;
  conf::CheckType::Port port;
  // What the file may say besides what all types have.
  std::vector<conf::Property> (*options)();
  // Precondition: the options are valid, and have the defaults of those that were left out.
  std::unique_ptr<Check> (*make)(boost::asio::io_context& io, const conf::Options& options);
  // See conf::CheckType.
  std::optional<conf::CheckType::Contradiction> (*contradiction)(const conf::Options&) = nullptr;
};

std::span<const Type> table();

// The same as the configuration's validation wants it.
std::vector<conf::CheckType> described();

// nullptr when there is none of that name.
const Type* find(std::string_view name);

}  // namespace control::health
