#include "control/rates.h"

namespace control {

Traffic& Traffic::operator+=(const Traffic& other) {
  connections += other.connections;
  packets_in += other.packets_in;
  packets_out += other.packets_out;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  return *this;
}

Traffic& Traffic::operator-=(const Traffic& earlier) {
  connections -= earlier.connections;
  packets_in -= earlier.packets_in;
  packets_out -= earlier.packets_out;
  bytes_in -= earlier.bytes_in;
  bytes_out -= earlier.bytes_out;
  return *this;
}

Rates& Rates::operator+=(const Rates& other) {
  connections += other.connections;
  packets_in += other.packets_in;
  packets_out += other.packets_out;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  return *this;
}

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
