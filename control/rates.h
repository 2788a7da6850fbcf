// Rates from totals, as LVS estimates them (Linux net/netfilter/ipvs/ip_vs_est.c): every two
// seconds the rate moves a quarter of the way to what the last two seconds were.
#pragma once

#include "control/facts.h"

namespace control {

inline constexpr double kRateTickSeconds = 2.0;

class RateEstimator {
 public:
  // To be called every kRateTickSeconds with the totals.
  void tick(const Traffic& totals);
  const Rates& rates() const { return rates_; }

 private:
  Traffic last_;
  Rates rates_;
};

}  // namespace control
