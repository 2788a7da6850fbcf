// What the director can send to, and which addresses are its own: the questions that the checks of
// routes, services and servers have in common.
#pragma once

#include <optional>
#include <set>

#include "conf/config.h"

namespace conf {

class Reach {
 public:
  // Takes the interfaces' addresses, own and virtual, and neighbours, the routes and the services'
  // addresses as they are, wrong ones included. `config` must outlive the Reach.
  explicit Reach(const Config& config);

  // An interface's prefix holds it, or it is a static neighbour.
  bool on_link(const lb::IpAddress& address) const;
  // On-link, and no route is more specific than what says so.
  bool without_router(const lb::IpAddress& address) const;
  // On-link or behind a route.
  bool reachable(const lb::IpAddress& address) const;
  bool is_own(const lb::IpAddress& address) const { return own_.contains(address); }
  bool is_virtual(const lb::IpAddress& address) const { return virtual_.contains(address); }
  // The interface on whose link all of the prefix is: it has that prefix or static neighbour.
  const Interface* connected_by(const lb::Prefix& network) const;
  // The interface prefix whose network or broadcast address this is.
  std::optional<lb::Prefix> edge_of(const lb::IpAddress& address) const;

 private:
  const Config& config_;
  std::set<lb::IpAddress> own_;
  std::set<lb::IpAddress> virtual_;
  std::set<lb::IpAddress> neighbours_;
};

// Fit to be one host's address.
bool is_unicast(const lb::IpAddress& address);

}  // namespace conf
