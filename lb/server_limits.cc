#include "lb/server_limits.h"

#include "lb/wide_exchange.h"

namespace lb {

void Limits::set(uint32_t server, uint32_t upper, uint32_t lower, uint64_t version) {
  Limit::Rule& rule = limits_[server].rule;
  const Limit::Rule wanted{uint64_t{upper} << 32 | lower, version};
  Limit::Rule old;
  do {
    old.version = __atomic_load_n(&rule.version, __ATOMIC_RELAXED);
    if (old.version >= version) return;
    old.thresholds = thresholds(server);
  } while (!exchange_wide(rule, old, wanted));
  const bool rose = upper > upper_of(old.thresholds);
  change(server, [&](uint64_t& state) {
    if (rose || is_low(state & ~kOverloaded, wanted.thresholds)) state &= ~kOverloaded;
    mark(state, upper);
    return true;
  });
}

}  // namespace lb
