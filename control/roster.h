// Who holds which place in the live arrays: services and real servers that run, and those that were
// deleted and have connections yet. A connection refers to both by slot, so a slot stays what it is
// while anything may refer to it; one that comes back meanwhile finds its slot and its counts
// again, unless its connections are being cut: these keep the slot to themselves, so that what it
// is given then is not cut with them. The control thread's.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "control/changes.h"
#include "control/endpoint_hash.h"
#include "control/facts.h"
#include "control/health/health.h"

namespace control {

using health::Health;

// Room in the live arrays; address space, not memory.
inline constexpr uint32_t kServiceSlots = 1u << 17;
inline constexpr uint32_t kServerSlots = 1u << 20;
// The last of each count what real servers start themselves (masquerade).
inline constexpr uint32_t kMasqueradeService = kServiceSlots - 1;
inline constexpr uint32_t kMasqueradeServer = kServerSlots - 1;

// Numbers from 0, lowest first. Those given back are used again, the oldest first, once
// kQuarantine of them wait: what somebody may still have noted down about one does not name another
// at once.
class SlotPool {
 public:
  explicit SlotPool(uint32_t size) : size_(size) {}
  uint32_t free() const { return size_ - next_ + static_cast<uint32_t>(returned_.size()); }
  uint32_t take();  // precondition: free() > 0
  void give(uint32_t slot) { returned_.push_back(slot); }

 private:
  static constexpr size_t kQuarantine = 1024;

  uint32_t size_;
  uint32_t next_ = 0;
  std::deque<uint32_t> returned_;
};

class Roster {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Roster() = default;
  Roster(Roster&&) = default;
  Roster& operator=(Roster&&) = default;

  // How a real server leaves.
  struct Leaving {
    conf::Server last;         // as it was configured
    uint64_t publication = 0;  // from which on no worker gives it connections
    Time since{};
    std::optional<Time> deadline;  // when what is left is cut
    bool had_time = true;          // not told to end at once
    bool cut = false;
    unsigned looks = 0;  // that found it without connections, one after another
  };
  struct Server {
    uint32_t slot = 0;
    uint32_t last_weight = 0;  // that was not 0
    Health health = Health::kUnchecked;
    bool accepts = false;  // new connections: by weight, the operator's word and health
    Time accepts_since{};  // a slow start begins here
    std::optional<Leaving> leaving;

    bool is_cut() const { return leaving && leaving->cut; }
  };
  struct Service {
    uint32_t slot = 0;
    conf::ServiceSettings last;  // how it is, or was, configured
    bool leaving = false;        // deleted
    // Whether its servers have the weight that it needs; nobody has looked yet.
    std::optional<bool> quorum;
    bool loss_told = false;  // that it has lost its quorum
    std::unordered_map<lb::Endpoint, Server, EndpointHash> servers;
    // What is cut, of servers that have been added anew since.
    std::vector<Server> cut_off;
    Traffic departed;  // of servers that are gone for good
    // Where the servers of the configuration last entered stand, in its order, so that who goes
    // through thousands need not look each up. Empty once a server has been released.
    std::vector<std::pair<const lb::Endpoint, Server>*> in_order;

    // The server at an address. `place`: where it probably stands in that order.
    const Server& at(const lb::Endpoint& address, size_t place) const {
      const bool stands_there = place < in_order.size() && in_order[place]->first == address;
      return stands_there ? in_order[place]->second : servers.at(address);
    }
    // Calls visit(server, member) for each server of a configuration of this service, in its order.
    template <class Visit>
    void visit(const conf::Service& service, Visit visit) const {
      for (size_t i = 0; i < service.servers.size(); ++i) {
        visit(service.servers[i], at(service.servers[i].address, i));
      }
    }
  };

  // Whether so many more can be entered.
  bool has_room(size_t services, size_t servers) const {
    return services_free_.free() >= services && servers_free_.free() >= servers;
  }

  // Gives slots to a service and to all its servers, the sorry server included; what was leaving
  // stays, but for what is cut. Returns the slots of servers that had none.
  std::vector<uint32_t> enter(const conf::Service& service, Time now);
  // Precondition: the server has been entered.
  void set_health(const ServiceKey& key, const conf::Server& server, Health health, Time now);
  // A server that is in no snapshot from `publication` on.
  void leave(const ServiceKey& key, const conf::Server& server, const Farewell& farewell,
             uint64_t publication, Time now);
  // Ends the time that a leaving server has, if not before, by another farewell.
  static void hasten(Leaving& leaving, const Farewell& farewell, Time now);
  // A service that takes no connections; its servers have left before.
  void leave(const ServiceKey& key);
  // Gives back the slots of what has left: a server, or a service without servers.
  void release(const ServiceKey& key, const lb::Endpoint& server);
  void release_cut_off(const ServiceKey& key, uint32_t server_slot);
  void release(const ServiceKey& key);

  const Service* find(const ServiceKey& key) const;
  Service* find(const ServiceKey& key);
  // nullptr: the slot is nobody's.
  const Service* at(uint32_t service_slot) const;
  const std::map<ServiceKey, Service>& services() const { return services_; }
  std::map<ServiceKey, Service>& services() { return services_; }

 private:
  void enter(Server& member, const conf::Server& server, Time now);

  std::map<ServiceKey, Service> services_;
  std::vector<const ServiceKey*> by_slot_;  // keys of services_, which stay where they are
  SlotPool services_free_{kMasqueradeService};
  SlotPool servers_free_{kMasqueradeServer};
};

// Whether a server would take new connections by its weight and the operator's word.
inline bool is_wanted(const conf::Server& server) {
  return server.state == conf::ServerState::kReady && server.weight > 0;
}

// The roster of a configuration that starts: nobody needs a slow start then.
Roster enter_all(const conf::Config& config);

}  // namespace control
