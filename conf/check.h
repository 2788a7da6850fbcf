// What no value alone can get wrong: names used twice, servers that nothing reaches, and so on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/findings.h"
#include "conf/reach.h"
#include "conf/text.h"
#include "conf/vocabulary.h"

namespace conf {

// Adds to `findings`. Looks only at what they call usable, and asks what a missing thing would
// answer only where they call everything complete that could answer it.
void check(const Config& config, const Vocabulary& vocabulary, Findings& findings);

// Its parts, one per file.
void check_interfaces(const Config& config, const Reach& reach, Findings& findings);
void check_routes(const Config& config, const Reach& reach, Findings& findings);
void check_services(const Config& config, const Vocabulary& vocabulary, const Reach& reach,
                    Findings& findings);
void check_masquerade(const Config& config, Findings& findings);
void check_vips(const Config& config, const Reach& reach, Findings& findings);
// What a service's address ought to be for its VIP to be another director's; nullopt: it is.
std::optional<std::string> why_never_standby(const Config& config, const ServiceSettings& service);
// What a service may not have in common with the other services of `config`: those that do not
// stand at `place`.
std::vector<Error> check_beside_others(const Config& config, const Service& service,
                                       std::optional<size_t> place);
void check_sockets(const Config& config, Findings& findings);

// What the parts share: "found X, expected Y".
void mismatch(Findings& findings, const std::string& pointer, const std::string& found,
              const std::string& expected);

// False, with an error, unless `address` can be a host on the director's networks.
bool check_host(const lb::IpAddress& address, const Reach& reach, const std::string& pointer,
                Findings& findings);

// Values of one kind, each of which may be there once.
template <class T>
class Unique {
 public:
  Unique(std::string what, Findings& findings) : what_(std::move(what)), findings_(findings) {}

  // False, with an error that cites `token`, when `value` was there before.
  bool add(const T& value, const std::string& token, const std::string& pointer) {
    const auto [first, is_new] = first_.try_emplace(value, pointer);
    if (!is_new) {
      mismatch(findings_, pointer, token,
               "a different " + what_ + " than at " + escaped(first->second));
    }
    return is_new;
  }

 private:
  std::string what_;
  Findings& findings_;
  std::map<T, std::string> first_;
};

}  // namespace conf
