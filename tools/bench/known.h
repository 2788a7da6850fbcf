// What groups of the catalogue have in common: cases over known connections that share a world, and
// over as many keys of a hash.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "tools/bench/baselines.h"
#include "tools/bench/catalogue.h"
#include "tools/bench/established.h"

namespace bench {

// Made when its first case is made, gone with the last.
std::function<std::shared_ptr<KnownFlows>(Lab&)> shared_flows(const WorldConfig& config,
                                                              uint32_t flows);

// Packets to the server, over a world of their own.
CaseSpec established(const std::string& name, const WorldConfig& config, uint32_t flows);

// Flows of one world, and as many keys.
class Known {
 public:
  Known(std::string name, const WorldConfig& config, uint32_t flows);

  // Over these rings; in NAT both directions with their mean. The hash is its baseline.
  Group group(std::initializer_list<uint32_t> rings) const;
  // What prefetching spares, of the path and of the hash.
  void add_one_by_one(Group& group) const;

 private:
  CaseSpec packets(const std::string& suffix, uint32_t ring, Towards towards,
                   Intake intake = Intake::kBursts) const;
  CaseSpec lookups(const std::string& suffix, Intake intake) const;

  std::string name_;
  bool is_nat_;
  uint32_t flows_;
  std::function<std::shared_ptr<KnownFlows>(Lab&)> world_;
  std::function<std::shared_ptr<KnownKeys>(Lab&)> keys_;
};

inline const std::string kToServer = " to server";
inline const std::string kToClient = " to client";

}  // namespace bench
