#include "control/rates.h"

namespace control {

void RateEstimator::tick(const Traffic& totals) {
  const auto move = [](double& rate, uint64_t total, uint64_t last) {
    rate += (static_cast<double>(total - last) / kRateTickSeconds - rate) / 4;
  };
  move(rates_.connections, totals.connections, last_.connections);
  move(rates_.packets_in, totals.packets_in, last_.packets_in);
  move(rates_.packets_out, totals.packets_out, last_.packets_out);
  move(rates_.bytes_in, totals.bytes_in, last_.bytes_in);
  move(rates_.bytes_out, totals.bytes_out, last_.bytes_out);
  last_ = totals;
}

}  // namespace control
