// A recorded case: what LVS received and sent, step by step, and its connection table after each
// step. The frames come from the captures of the director's two devices; the JSON beside them says
// which step each belongs to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/replay/capture.h"
#include "tools/replay/heap_io.h"

namespace vectors_test {

// Positions of the director's two devices.
enum Side : size_t { kClientSide, kServerSide };

struct Event {
  Side side;
  replay::Time time;
  replay::Bytes frame;
};

struct Step {
  std::string name;
  std::vector<Event> received;  // by time
  std::vector<Event> sent;
  // Lines of ipvsadm -Lnc; absent: not recorded.
  std::optional<std::vector<std::string>> connections;
};

struct Recording {
  std::vector<std::string> commands;  // of ipvsadm, before the first step
  std::vector<Step> steps;
};

// Throws std::runtime_error where files are missing or do not fit each other.
Recording read_recording(const std::string& name);

// The director's MAC address on each device, and that of everybody else there.
extern const char* const kDirectorMac[2];
extern const char* const kPeerMac[2];

}  // namespace vectors_test
