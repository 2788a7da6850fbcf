// Rates from totals, as LVS estimates them (Linux net/netfilter/ipvs/ip_vs_est.c): every two
// seconds the rate moves a quarter of the way to what the last two seconds were.
#pragma once

#include "control/facts.h"

namespace control {

inline constexpr double kRateTickSeconds = 2.0;

// Of one figure.
class Rate {
 public:
  // To be called every kRateTickSeconds with the total.
  void tick(uint64_t total) {
    rate_ += (static_cast<double>(total - last_) / kRateTickSeconds - rate_) / 4;
    last_ = total;
  }
  double per_second() const { return rate_; }

 private:
  uint64_t last_ = 0;
  double rate_ = 0;
};

class RateEstimator {
 public:
  // To be called every kRateTickSeconds with the totals.
  void tick(const Traffic& totals);
  Rates rates() const;

 private:
  Rate connections_, packets_in_, packets_out_, bytes_in_, bytes_out_;
};

// The share of a worker's time that went to packets between the last two ticks, 0 to 1.
class BusyRatio {
 public:
  void tick(uint64_t busy_cycles, uint64_t total_cycles) {
    if (total_cycles == last_total_) return;
    ratio_ = static_cast<double>(busy_cycles - last_busy_) /
             static_cast<double>(total_cycles - last_total_);
    last_busy_ = busy_cycles;
    last_total_ = total_cycles;
  }
  double ratio() const { return ratio_; }

 private:
  uint64_t last_busy_ = 0;
  uint64_t last_total_ = 0;
  double ratio_ = 0;
};

}  // namespace control
