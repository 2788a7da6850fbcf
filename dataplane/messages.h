// What passes between the control thread and a worker: requests one way, events the other. Both are
// bounded queues that neither side waits on.
#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/neighbours.h"
#include "dataplane/path_inspection.h"

namespace dataplane {

// A question about a worker's tables that the worker answers a slice at a time between bursts. The
// control thread fills in the question, passes a pointer, and does not touch it until `done`.
struct ConnectionInspection {
  using Entry = lb::Connection<lb::V4>;
  // Which ends are meant: any, those of an address, or of a port.
  struct Ends {
    std::optional<lb::Ipv4Address> address;
    std::optional<lb::Be16> port;
    bool have(const lb::End<lb::V4>& end) const {
      return (!address || *address == end.address) && (!port || *port == end.port);
    }
  };
  // The question.
  std::optional<uint32_t> service;
  Ends server;
  Ends client;
  uint64_t next_bucket = 0;  // where to go on; moves forward
  // The answer: at most the vector's capacity, so that the worker allocates nothing.
  std::vector<Entry> entries;
  lb::Tick now = 0;
  bool finished = false;  // every bucket has been looked at
  bool cut = false;       // a bucket had more than there was room for
  std::atomic<bool> done{false};
};

struct NeighbourInspection {
  std::vector<Neighbour<lb::V4>> neighbours;  // room for all is reserved by the asker
  uint32_t next = 0;
  lb::Tick now = 0;
  std::atomic<bool> done{false};
};

// Connections of servers are to end now. At most one at a time at a worker.
struct CutSweep {
  // Slots, sorted: of all of whose connections; and of those whose TCP connections, where they are
  // only about to open, are forgotten, so that a client that asks again gets another server.
  std::vector<uint32_t> servers;
  std::vector<uint32_t> forget_opening;
  uint64_t next_bucket = 0;
  std::atomic<bool> done{false};
};

struct Request {
  enum class Kind : uint8_t {
    kAnnounce,         // all own addresses that belong on `link`, some at a time
    kAnnounceAddress,  // `address`, where it belongs, if it is still an own one
    kAskElsewhere,     // whether another director answers for VIPs: an event tells, once or more
    kInspectConnections,
    kInspectNeighbours,
    kInspectPath,
    kCut,
    kAddNeighbour,     // a static one: `link`, `address`, `mac`
    kForgetNeighbour,  // a static one
  };
  Kind kind;
  LinkNumber link = 0;
  lb::Ipv4Address address{};
  lb::MacAddress mac{};
  ConnectionInspection* connections = nullptr;
  NeighbourInspection* neighbours = nullptr;
  CutSweep* cut = nullptr;
  PathInspection* path = nullptr;
};

struct Event {
  enum class Kind : uint8_t {
    kNeighbourMoved,   // from one MAC address to another
    kNeighbourFailed,  // did not answer
    kAddressConflict,  // another host claims one of the director's addresses
    kPortsExhausted,   // masquerade has no port left towards an address; told once
    kAnswersForVip,    // another director, while this one stands by
  };
  Kind kind;
  LinkNumber link;
  lb::Ipv4Address address;
  lb::MacAddress from{};
  lb::MacAddress to{};
};

inline constexpr size_t kEventKinds = static_cast<size_t>(Event::Kind::kAnswersForVip) + 1;

using RequestQueue = boost::lockfree::spsc_queue<Request, boost::lockfree::capacity<64>>;
using EventQueue = boost::lockfree::spsc_queue<Event, boost::lockfree::capacity<1024>>;

}  // namespace dataplane
