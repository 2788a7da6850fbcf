#include "control/inspect.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace control {
namespace {

constexpr size_t kPage = 65536;
constexpr const char* kSilent = "the worker does not answer; is its CPU taken by something else?";

// A question that the worker may still write to must not go away, so one that stays unanswered is
// kept for good. That happens at most once per stuck worker and query.
template <class Inspection>
std::expected<std::unique_ptr<Inspection>, std::string> ask(dataplane::Worker& worker,
                                                            std::unique_ptr<Inspection> question,
                                                            dataplane::Request request,
                                                            const Wait& wait) {
  unsigned tries = 0;
  while (!worker.control_request(request)) {
    if (!wait(tries++)) return std::unexpected(kSilent);
  }
  while (!question->done.load(std::memory_order_acquire)) {
    if (wait(tries++)) continue;
    question.release();
    return std::unexpected(kSilent);
  }
  return question;
}

}  // namespace

std::expected<InspectedConnections, std::string> inspect_connections(dataplane::Worker& worker,
                                                                     const ConnectionFilter& filter,
                                                                     const Wait& wait) {
  InspectedConnections result;
  const size_t limit = filter.limit.value_or(~size_t{0});
  uint64_t bucket = 0;
  bool finished = false, cut = false;
  while (!finished && result.entries.size() < limit) {
    auto question = std::make_unique<dataplane::ConnectionInspection>();
    question->service = filter.service;
    question->server = filter.server;
    question->client = filter.client;
    question->next_bucket = bucket;
    question->entries.reserve(std::min(limit - result.entries.size(), kPage));
    dataplane::Request request{dataplane::Request::Kind::kInspectConnections};
    request.connections = question.get();
    auto answer = ask(worker, std::move(question), request, wait);
    if (!answer) return std::unexpected(answer.error());
    const auto& entries = (*answer)->entries;
    result.entries.insert(result.entries.end(), entries.begin(), entries.end());
    result.now = (*answer)->now;
    bucket = (*answer)->next_bucket;
    finished = (*answer)->finished;
    cut = cut || (*answer)->cut;
  }
  result.complete = finished && !cut;
  return result;
}

std::expected<InspectedNeighbours, std::string> inspect_neighbours(dataplane::Worker& worker,
                                                                   const Wait& wait) {
  auto question = std::make_unique<dataplane::NeighbourInspection>();
  question->neighbours.reserve(dataplane::Neighbours<lb::V4>::kCapacity);
  dataplane::Request request{dataplane::Request::Kind::kInspectNeighbours};
  request.neighbours = question.get();
  auto answer = ask(worker, std::move(question), request, wait);
  if (!answer) return std::unexpected(answer.error());
  return InspectedNeighbours{std::move((*answer)->neighbours), (*answer)->now};
}

std::expected<std::unique_ptr<dataplane::PathInspection>, std::string> inspect_path(
    dataplane::Worker& worker, std::unique_ptr<dataplane::PathInspection> question,
    const Wait& wait) {
  dataplane::Request request{dataplane::Request::Kind::kInspectPath};
  request.path = question.get();
  return ask(worker, std::move(question), request, wait);
}

bool patient_wait(unsigned tries) {
  constexpr auto kPause = std::chrono::microseconds(50);
  std::this_thread::sleep_for(kPause);
  return tries * kPause < std::chrono::seconds(2);
}

}  // namespace control
