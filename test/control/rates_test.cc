#include "control/rates.h"

#include <catch2/catch.hpp>

using control::RateEstimator;
using control::Traffic;

TEST_CASE("a rate moves a quarter of the way to the last two seconds each tick") {
  RateEstimator estimator;
  estimator.tick({.connections = 8, .packets_in = 80, .bytes_in = 800});
  CHECK(estimator.rates().connections == Approx(1));  // (8 / 2 s - 0) / 4
  CHECK(estimator.rates().packets_in == Approx(10));
  CHECK(estimator.rates().bytes_in == Approx(100));
  estimator.tick({.connections = 16, .packets_in = 80, .bytes_in = 800});
  CHECK(estimator.rates().connections == Approx(1.75));
  CHECK(estimator.rates().packets_in == Approx(7.5));
}

TEST_CASE("a steady load shows as its own rate and silence as none") {
  RateEstimator estimator;
  Traffic totals;
  for (int tick = 0; tick < 60; ++tick) {
    totals += {.connections = 20,
               .packets_in = 200,
               .packets_out = 100,
               .bytes_in = 2000,
               .bytes_out = 4000};
    estimator.tick(totals);
  }
  CHECK(estimator.rates().connections == Approx(10).epsilon(0.01));
  CHECK(estimator.rates().packets_out == Approx(50).epsilon(0.01));
  CHECK(estimator.rates().bytes_out == Approx(2000).epsilon(0.01));
  for (int tick = 0; tick < 60; ++tick) estimator.tick(totals);
  CHECK(estimator.rates().bytes_out < 0.01);
}

TEST_CASE("traffic and rates of servers add up to their service's") {
  Traffic traffic{1, 2, 3, 4, 5};
  traffic += {10, 20, 30, 40, 50};
  CHECK(traffic.connections == 11);
  CHECK(traffic.bytes_out == 55);
  control::Rates rates{1, 2, 3, 4, 5};
  rates += {10, 20, 30, 40, 50};
  CHECK(rates.packets_in == Approx(22));
  CHECK(rates.bytes_out == Approx(55));
}
