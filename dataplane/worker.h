// One worker: its connections, its neighbours, its counters, and the turn of its loop. It knows no
// thread, port or clock: those are given to it, so that tests, benchmarks and tools drive the very
// same functions.
//
// Who calls what: everything but the reader_ and control_ functions belongs to the worker's thread.
#pragma once

#include "dataplane/path.h"
#include "dataplane/publication.h"

namespace dataplane {

struct StaticNeighbour {
  LinkNumber link;
  lb::Ipv4Address address;
  lb::MacAddress mac;

  bool operator==(const StaticNeighbour&) const = default;
};

// What a worker is made of; all that is referred to outlives it.
struct WorkerParts {
  WorkerNumber number;
  OwnerFunction owner;
  Mesh& mesh;
  Io& io;
  std::vector<LinkWay> links;
  TokenBucket& answer_limit;  // all workers', Host::kAnswersPerSecond
  lb::ConnectionPool<lb::V4>& pool;
  std::span<std::byte> bucket_memory;  // lb::ConnectionTable::bytes_for
  lb::HashKey key;
  Figures& figures;  // all workers', as the next
  lb::Persistence& persistence;
  Publication<Snapshot<lb::V4>>& snapshot;
  std::vector<StaticNeighbour> neighbours;
  KernelExchange* kernel = nullptr;  // where a link has a twin in the kernel
  Waits waits = {};
};

class Worker {
 public:
  static constexpr uint16_t kBurst = Path<lb::V4>::kBurst;
  // Connections that are looked at for having ended; more wait for the next turn, so that no packet
  // waits long for them.
  static constexpr uint32_t kExpiriesPerTurn = 64;

  explicit Worker(WorkerParts parts);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // One turn of the loop: what other workers handed over, a burst from every link, then what time
  // brings. Returns how many packets it worked on.
  uint32_t turn(lb::Tick now);

  // The stages of a turn, for those who have their packets already. `begin`
  // comes first: the snapshot of the turn before may be gone.
  void begin(lb::Tick now);
  void process(LinkNumber link, rte_mbuf** packets, uint16_t count);
  void housekeep(lb::Tick now);
  void flush() {
    outbox_.flush();
    peers_.flush();
  }

  WorkerCounters& counters() { return counters_; }
  const WorkerCounters& reader_counters() const { return counters_; }
  const KernelDoor& reader_kernel() const { return kernel_; }
  lb::Connections<lb::V4>& connections() { return connections_; }

  // From the control thread. False: the queue is full, try later.
  bool control_request(const Request& request) { return requests_.push(request); }
  bool control_take_event(Event& event) { return events_.pop(event); }

 private:
  uint32_t take_handed();
  uint32_t take_from_kernel();
  void work_on(const HandedPacket* packets, uint16_t count);
  void serve_requests(lb::Tick now);
  void step_requests(lb::Tick now);
  void step_announcements(lb::Tick now);
  void step_connections(ConnectionInspection& inspection, lb::Tick now);
  void step_neighbours(NeighbourInspection& inspection, lb::Tick now);
  void step_cut(CutSweep& sweep);

  // A connection that a sweep has found.
  struct ToCut {
    lb::End<lb::V4> outside;
    lb::End<lb::V4> virtual_end;
    lb::Protocol protocol;
  };
  void find_to_cut(const CutSweep& sweep, uint64_t bucket);
  void cut_one(const CutSweep& sweep, const ToCut& found);

  Io& io_;
  Publication<Snapshot<lb::V4>>::Reader snapshot_;
  LinkNumber links_;
  WorkerCounters counters_;
  RequestQueue requests_;
  EventQueue events_;
  Peers peers_;
  Outbox outbox_;
  KernelDoor kernel_;
  lb::Connections<lb::V4> connections_;
  Path<lb::V4> path_;
  lb::Tick last_tick_ = 0;
  uint32_t turn_packets_ = 0;  // that the path has seen since the last housekeeping
  bool expiry_behind_ = false;
  ConnectionInspection* inspected_connections_ = nullptr;
  NeighbourInspection* inspected_neighbours_ = nullptr;
  CutSweep* cut_ = nullptr;
  std::vector<ToCut> to_cut_;  // of the bucket that was looked at last
  // How far the addresses of a link have been announced.
  struct Announcing {
    bool under_way = false;
    uint32_t next = 0;
  };
  std::vector<Announcing> announcing_;  // by link
  lb::Tick announced_at_ = 0;
  uint32_t announced_ = 0;  // addresses, at that time
};

}  // namespace dataplane
