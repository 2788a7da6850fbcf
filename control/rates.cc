#include "control/rates.h"

namespace control {

void RateEstimator::tick(const Traffic& totals) {
  connections_.tick(totals.connections);
  packets_in_.tick(totals.packets_in);
  packets_out_.tick(totals.packets_out);
  bytes_in_.tick(totals.bytes_in);
  bytes_out_.tick(totals.bytes_out);
}

Rates RateEstimator::rates() const {
  return {connections_.per_second(), packets_in_.per_second(), packets_out_.per_second(),
          bytes_in_.per_second(), bytes_out_.per_second()};
}

}  // namespace control
