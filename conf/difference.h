// What makes one configuration another.
#pragma once

#include <string>
#include <vector>

#include "conf/config.h"

namespace conf {

// A key whose value differs, with both as JSON text.
struct KeyChange {
  std::string key;
  std::string from;
  std::string to;

  bool operator==(const KeyChange&) const = default;
};

struct ServerChange {
  lb::Endpoint address;
  std::vector<KeyChange> keys;
};

// Of a service that both have: the same protocol and address.
struct ServiceChange {
  const Service* before;
  const Service* after;
  std::vector<KeyChange> keys;  // servers left out
  std::vector<const Server*> added;
  std::vector<const Server*> removed;
  std::vector<ServerChange> changed;
  bool reordered = false;  // servers that stay stand in another order
};

// Pointers point into the two configurations.
struct Difference {
  // JSON pointers of what differs and is settled when the director starts.
  std::vector<std::string> needs_restart;
  std::vector<const Service*> added;
  std::vector<const Service*> removed;
  std::vector<ServiceChange> changed;
  bool reordered = false;       // services that stay stand in another order
  std::vector<KeyChange> rest;  // top-level keys, and those of interfaces

  bool empty() const {
    return needs_restart.empty() && added.empty() && removed.empty() && changed.empty() &&
           !reordered && rest.empty();
  }
};

// Services are the same where protocol and address are, servers of a service where their addresses
// are. The state of a server that stays is no difference: it is the operator's, not the file's.
Difference difference(const Config& before, const Config& after);

}  // namespace conf
