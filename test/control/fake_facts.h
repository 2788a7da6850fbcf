// A director of plain values for the tests of commands.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "control/facts.h"

namespace control::test {

struct FakeFacts : Facts {
  InfoFacts the_info;
  std::vector<ServiceFacts> the_services;
  std::vector<ServiceFacts> the_leaving_services;
  std::vector<InterfaceFacts> the_interfaces;
  std::vector<NeighbourFacts> the_neighbours;
  std::vector<WorkerFacts> the_workers;
  std::vector<DropFacts> the_drops;
  TimeoutFacts the_timeouts;
  HealthFacts the_health;
  nlohmann::json the_config;
  std::vector<ConnectionFacts> the_connections;
  ConnectionQuery last_query;  // what connections() was asked for

  InfoFacts info() override { return the_info; }
  std::vector<ServiceFacts> services() override { return the_services; }
  std::vector<ServiceFacts> leaving_services() override { return the_leaving_services; }
  std::vector<InterfaceFacts> interfaces() override { return the_interfaces; }
  std::vector<NeighbourFacts> neighbours() override { return the_neighbours; }
  std::vector<WorkerFacts> workers() override { return the_workers; }
  std::vector<DropFacts> drops() override { return the_drops; }
  TimeoutFacts timeouts() override { return the_timeouts; }
  HealthFacts health() override { return the_health; }
  nlohmann::json config() override { return the_config; }
  // Cuts at the limit; filters nothing. The service "nosuch" is unknown.
  std::expected<ConnectionPage, std::string> connections(const ConnectionQuery& query) override;
};

lb::Endpoint endpoint(std::string_view text);

ServerFacts server(std::string_view address, std::string_view forward, uint32_t weight,
                   uint32_t active, uint32_t inactive, Traffic totals, Rates rates);

// Two services and one of everything else.
FakeFacts small_director();

}  // namespace control::test
