#include "test/vectors/recording.h"

#include <algorithm>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "dataplane/headers.h"
#include "tools/replay/merge.h"

namespace vectors_test {

const char* const kDirectorMac[2] = {"02:00:00:00:01:01", "02:00:00:00:02:01"};
const char* const kPeerMac[2] = {"02:00:00:00:01:10", "02:00:00:00:02:61"};

namespace {

constexpr const char* kSideNames[2] = {"client-side", "rs-side"};

// The frames of one device in one direction, in the order of its capture.
struct Queues {
  std::deque<Event> received[2];
  std::deque<Event> sent[2];
};

std::string path_of(const std::string& name, const char* suffix) {
  return std::string(LBD_VECTORS) + "/" + name + suffix;
}

Queues read_captures(const std::string& name) {
  auto merge = replay::Merge::open(
      {{kClientSide, path_of(name, ".client.pcap")}, {kServerSide, path_of(name, ".rs.pcap")}});
  if (!merge) throw std::runtime_error(merge.error());
  Queues queues;
  while (auto frame = merge->next()) {
    const auto side = static_cast<Side>(frame->interface);
    const auto& ethernet = dataplane::view<dataplane::EthernetHeader>(frame->bytes.data());
    const bool sent = ethernet.source == lb::MacAddress::parse(kDirectorMac[side]);
    (sent ? queues.sent : queues.received)[side].push_back(
        {side, frame->time, std::move(frame->bytes)});
  }
  for (const std::string& fault : merge->faults()) throw std::runtime_error(fault);
  return queues;
}

// Moves as many frames as the step's lines speak of.
void take(const nlohmann::json& lines, Queues& queues, Step& step) {
  for (const std::string line : lines) {
    for (const Side side : {kClientSide, kServerSide}) {
      const std::string prefix = kSideNames[side];
      for (const bool sent : {false, true}) {
        if (!line.starts_with(prefix + (sent ? " director-TX: " : " director-RX: "))) continue;
        auto& queue = (sent ? queues.sent : queues.received)[side];
        if (queue.empty()) throw std::runtime_error("the capture lacks: " + line);
        (sent ? step.sent : step.received).push_back(std::move(queue.front()));
        queue.pop_front();
      }
    }
  }
  std::ranges::stable_sort(step.received, {}, &Event::time);
  std::ranges::stable_sort(step.sent, {}, &Event::time);
}

}  // namespace

Recording read_recording(const std::string& name) {
  std::ifstream file(path_of(name, ".json"));
  if (!file) throw std::runtime_error(path_of(name, ".json") + " cannot be read");
  const auto json = nlohmann::json::parse(file);
  Recording recording;
  recording.commands = json.at("ipvsadm").get<std::vector<std::string>>();
  Queues queues = read_captures(name);
  for (const auto& recorded : json.at("steps")) {
    Step& step = recording.steps.emplace_back();
    step.name = recorded.at("step");
    if (recorded.contains("packets")) take(recorded["packets"], queues, step);
    if (recorded.contains("conns")) step.connections.emplace(recorded["conns"]);
  }
  for (const auto* left : {queues.received, queues.sent}) {
    if (!left[kClientSide].empty() || !left[kServerSide].empty()) {
      throw std::runtime_error("the captures hold more frames than the steps");
    }
  }
  return recording;
}

}  // namespace vectors_test
