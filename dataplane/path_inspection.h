// A question to a worker: what would it do with a packet? The path's own functions answer it at
// once, without a packet, and nothing in the worker changes.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "dataplane/neighbours.h"
#include "dataplane/owner.h"
#include "dataplane/snapshot.h"
#include "lb/drop_reason.h"

namespace dataplane {

// As ConnectionInspection: the control thread fills in the question, passes a pointer, and does not
// touch it until `done`.
struct PathInspection {
  using V4 = lb::V4;
  // The question. Of TCP the packet is a SYN, where it matters.
  lb::Protocol protocol{};
  lb::End<V4> source{};
  lb::End<V4> destination{};

  // The answer. First of all, who owns the packet's connection: where that is another worker, it is
  // to be asked, and nothing below is filled in.
  WorkerNumber owner = 0;
  const void* snapshot = nullptr;  // that the worker read
  lb::Tick now = 0;
  uint32_t service = 0;  // a slot, or what Packet has for none
  // The connection that the packet belongs to.
  std::optional<lb::Connection<V4>> connection;
  bool inbound = false;
  bool gives_way = false;                        // a SYN ends it and opens a new one
  std::optional<MasqueradeRule<V4>> masquerade;  // by which the packet opens a connection
  lb::Be16 masquerade_port{};
  std::optional<OnePacketServer<V4>> reply_of;  // a service that keeps no connections
  bool chooses = false;                         // one of the service's servers
  // How a service's server was chosen for a new connection.
  struct Choice {
    std::optional<uint32_t> held;  // slot of the server that the client holds to
    bool is_led = false;           // by that: no scheduler is asked
    uint64_t turn = 0;             // the last that was looked at
    uint64_t random = 0;           // as the plan was given them
    uint64_t memory = 0;
    scheduler::Picked picked;         // position of the plan's server
    std::vector<uint32_t> ambiguous;  // passed over; the asker reserves room
    scheduler::Picked chosen;         // position
  };
  Choice choice;
  bool to_kernel = false;                 // by the twin of the interface that its source is behind
  std::optional<lb::DropReason> refused;  // why the packet goes nowhere
  std::optional<Neighbour<V4>> hop;       // kFree: nobody has asked for it yet
  uint16_t room = 0;                      // the largest packet that fits the way
  std::atomic<bool> done{false};
};

}  // namespace dataplane
