// Asks a worker for its connections and neighbours. The worker answers a slice at a time between
// its bursts; the control thread waits for that, the worker never does.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/worker.h"

namespace control {

struct InspectedConnections {
  std::vector<lb::Connection<lb::V4>> entries;
  lb::Tick now = 0;      // the worker's time
  bool complete = true;  // false: the limit cut the list short
};

struct ConnectionFilter {
  std::optional<uint32_t> service;  // slot
  dataplane::ConnectionInspection::Ends server;
  dataplane::ConnectionInspection::Ends client;
  std::optional<size_t> limit;
};

// Called again and again while a question has no answer yet, with how often it was called for this
// question before; false gives up.
using Wait = std::function<bool(unsigned tries)>;

// Errors: the worker does not answer.
std::expected<InspectedConnections, std::string> inspect_connections(dataplane::Worker& worker,
                                                                     const ConnectionFilter& filter,
                                                                     const Wait& wait);

struct InspectedNeighbours {
  std::vector<dataplane::Neighbour<lb::V4>> neighbours;
  lb::Tick now = 0;
};
std::expected<InspectedNeighbours, std::string> inspect_neighbours(dataplane::Worker& worker,
                                                                   const Wait& wait);

// The question with its answer.
std::expected<std::unique_ptr<dataplane::PathInspection>, std::string> inspect_path(
    dataplane::Worker& worker, std::unique_ptr<dataplane::PathInspection> question,
    const Wait& wait);

// Sleeps a little each time; gives up after two seconds of a worker's silence.
bool patient_wait(unsigned tries);

}  // namespace control
