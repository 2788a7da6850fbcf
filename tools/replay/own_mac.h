// Which MAC address of a capture is the director's, where nobody says it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "conf/config.h"
#include "tools/replay/merge.h"

namespace replay {

// Looks at every frame of an interface, then tells. In this order, the first that there is any of:
//  1. who sends ARP as one of the director's addresses, VIPs included;
//  2. to whom frames for those addresses go (in DR also the real servers, where the capture holds
//     what the director sent);
//  3. to whom unicast frames go at all.
// Where more than one MAC address fits, it is not guessed.
class OwnMac {
 public:
  explicit OwnMac(const conf::Config& config);

  void see(std::span<const uint8_t> frame);

  // nullopt: the capture holds no unicast frame, and any address will do.
  // Error: several fit; the message names them.
  std::expected<std::optional<lb::MacAddress>, std::string> conclude() const;

 private:
  std::set<lb::Ipv4Address> own_;
  std::set<lb::MacAddress> speaks_as_director_;
  std::set<lb::MacAddress> takes_for_director_;
  std::set<lb::MacAddress> takes_;
};

// The MAC address of each interface: what `given` says, else what its captures say, else an
// invented one. `say` hears of each that was not given. Errors: a capture that cannot be read or
// leaves it open.
std::expected<std::vector<lb::MacAddress>, std::string> find_macs(
    const conf::Config& config, const std::map<size_t, lb::MacAddress>& given,
    const std::vector<Input>& inputs, void (*say)(const std::string& line));

}  // namespace replay
