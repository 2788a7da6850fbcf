// A director with everything around it, made from a few lines of text: links, services, servers,
// hosts whose MAC addresses are known. Time stands still until it is told to pass. Free of Catch2,
// so that the fuzzer lives in the same world as the tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/worker.h"
#include "test/dataplane/support/frame.h"
#include "test/dataplane/support/heap_io.h"

namespace dataplane_test {

using Lines = std::vector<std::string>;

struct LinkSetup {
  std::string name;
  std::vector<std::string> addresses;  // "10.1.0.1/24"
  uint16_t mtu = 1500;
  bool multi_segment = false;
};

struct RouteSetup {
  std::string destination;  // "0.0.0.0/0"
  std::string link;
  std::string gateway;
};

struct ServerSetup {
  std::string address;  // "10.2.0.11:80"
  uint32_t weight = 1;
  std::string forward = "nat";
  uint32_t upper_threshold = 0;
  uint32_t lower_threshold = 0;
};

struct ServiceSetup {
  std::string protocol;
  std::string address;
  std::vector<ServerSetup> servers;
  std::string scheduler = "rr";
  uint32_t persistence_timeout = 0;
  std::string persistence_netmask = "255.255.255.255";
  bool expire_quiescent_template = false;
  bool one_packet = false;
  bool sloppy_tcp = false;
  bool closed = false;  // deleted, with connections that go on

  std::string name() const { return protocol + " " + address; }
};

// How many workers a world has that does not say: LBD_TEST_WORKERS in the environment, or one. Run
// with three, the same tests show that sharding does not leak into behaviour.
dataplane::WorkerNumber usual_workers();

struct HostSetup {
  std::string link;
  std::string address;
};

struct MasqueradeSetup {
  std::string source;  // "10.2.0.0/24"
  std::string link;
  uint16_t first_port = 1024;
  uint16_t last_port = 32767;
};

// Two arms, clients .10 to .12 outside, servers .11 to .13 inside.
struct Setup {
  std::vector<ServiceSetup> services;
  std::vector<LinkSetup> links = {{"wan", {"10.1.0.1/24"}}, {"lan", {"10.2.0.1/24"}}};
  std::vector<RouteSetup> routes = {};
  // Static neighbours, by mac_of their addresses.
  std::vector<HostSetup> hosts = {{"wan", "10.1.0.10"}, {"wan", "10.1.0.11"}, {"wan", "10.1.0.12"},
                                  {"lan", "10.2.0.11"}, {"lan", "10.2.0.12"}, {"lan", "10.2.0.13"}};
  uint32_t capacity = 1024;
  std::vector<MasqueradeSetup> masquerade = {};
  dataplane::WorkerNumber workers = usual_workers();
  std::map<lb::State, uint32_t> timeouts = {};  // seconds, where they are not LVS's
  uint32_t routing_version = 0;
  std::vector<std::string> twins = {};  // the links that have one in the kernel
  bool standby = false;                 // the VIPs are another director's
};

class World {
 public:
  explicit World(Setup setup);

  // Replaces services, servers and routes; connections and counts stay. Workers see it at their
  // next turn; what it replaces is freed as soon as the last has.
  void apply(std::vector<ServiceSetup> services);
  // The same of the whole setup but links' and workers' number, capacity and hosts, which are
  // settled.
  void edit(const std::function<void(Setup&)>& change);

  // Asks every worker, who answers at its next turn.
  void ask(const dataplane::Request& request);
  // Orders every worker to cut the connections of these servers. False: one is still at the last
  // such order.
  bool begin_cut(const std::string& service, const std::vector<std::string>& servers);
  bool is_cutting() const;
  // The same, and turns until all have done so; what leaves, described.
  Lines cut(const std::string& service, const std::vector<std::string>& servers);

  HeapIo& io() { return io_; }
  dataplane::Worker& worker(size_t number = 0) { return *workers_[number]; }
  size_t workers() const { return workers_.size(); }
  lb::Tick now() const { return now_; }
  lb::MacAddress mac_of_link(std::string_view link) const;
  dataplane::LinkNumber link_number(std::string_view name) const;

  // Frames arrive in one burst, at one worker after another in turn, and are worked off; what
  // leaves, described. No time passes.
  Lines receive(std::string_view link, const std::vector<Frame>& frames);
  Lines turn();
  // What the kernel got since the last call, described.
  Lines to_kernel();
  // The kernel sends a frame, as it is, to be taken at a worker's next turn.
  void from_kernel(std::string_view link, const Bytes& frame);
  // The same, what leaves being left to be looked at.
  void turn_quietly();
  // One turn of one worker, which receives what has been put; the others stand still.
  void turn_only(dataplane::WorkerNumber worker);
  // Turns the loop once a tick, as idle workers do.
  Lines pass(double seconds);
  Lines pass_ticks(lb::Tick ticks);
  // Time passes, and the worker sees nothing of it.
  void stall(lb::Tick ticks) { now_ += ticks; }

  // Connections as `ipvsadm -Lnc` shows them, but with the whole idle time left: "TCP 01:00
  // SYN_RECV …".
  Lines connections();
  // Clients that hold to a server, as `ipvsadm -Lnc` shows their templates: "TCP 06:00 NONE …".
  Lines holds();
  // Active and inactive connections of a server: "1/2".
  std::string load(const std::string& service, const std::string& server);
  const lb::Traffic& traffic(const std::string& service, const std::string& server);
  uint64_t refused(const std::string& service);
  // Over all workers.
  uint64_t count(lb::Counter<uint64_t> dataplane::WorkerCounters::*counter);
  // How many turns of a service have been claimed and not given back.
  uint64_t turns_taken(const std::string& service);
  // The drops since the last call: "bad_arp=1 no_route=2".
  std::string drops();
  Lines events();

  // What does not add up at this moment, between any two turns, or nothing: packets and their
  // fates, connections beyond the pool.
  std::string audit_now();
  // The same of the tables: loads against connections, and every connection at its one owner.
  std::string audit_tables();
  // Lets held packets meet their fate, then says what does not add up, or nothing.
  std::string settle_and_audit();

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<std::byte, Free>;
  static constexpr uint32_t kSlots = 64;

  // What a worker sees of the wires: all have all, but only one receives at a time.
  class Face final : public dataplane::Io {
   public:
    Face(World& world, dataplane::WorkerNumber number) : world_(world), number_(number) {}
    uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
    uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override {
      return world_.io_.transmit(link, packets, count);
    }
    rte_mbuf* allocate() override { return world_.io_.allocate(); }
    void release(rte_mbuf** packets, uint16_t count) override {
      world_.io_.release(packets, count);
    }

   private:
    World& world_;
    dataplane::WorkerNumber number_;
  };
  // What is each worker's own.
  struct Own {
    Memory buckets, rings;
  };

  std::span<std::byte> take(size_t bytes, Memory& memory);
  uint32_t slot_of(std::map<std::string, uint32_t>& slots, const std::string& name);
  std::unique_ptr<const dataplane::Snapshot<lb::V4>> build_snapshot();
  dataplane::VirtualService<lb::V4> build_service(const ServiceSetup& setup);
  std::unique_ptr<dataplane::KernelExchange> build_kernel() const;
  void build_workers();
  void build_worker(dataplane::WorkerNumber number);
  std::vector<dataplane::Link> build_links() const;
  Lines describe_sent();
  uint64_t dropped(size_t reason);
  std::string audit_loads(size_t worker, std::span<const lb::Connection<lb::V4>> held);
  std::string audit_sums(std::span<const lb::Connection<lb::V4>> held);
  std::string audit_limits(std::span<const lb::Connection<lb::V4>> held);
  std::string audit_holds();

  Setup setup_;
  HeapIo io_;
  std::unique_ptr<dataplane::KernelExchange> kernel_;  // where a link has a twin
  lb::HashKey key_{0x0123456789abcdefULL, 0xfedcba9876543211ULL};
  std::map<std::string, uint32_t> service_slots_, server_slots_;
  dataplane::Figures figures_;
  std::vector<std::unique_ptr<Own>> own_;
  Memory clients_;
  std::unique_ptr<lb::Persistence> persistence_;
  Memory entries_;
  lb::Traffic traffic_sum_;
  std::unique_ptr<lb::ConnectionPool<lb::V4>> pool_;
  dataplane::Publication<dataplane::Snapshot<lb::V4>> snapshot_;
  std::unique_ptr<dataplane::Mesh> mesh_;
  dataplane::TokenBucket answer_limit_;
  std::vector<std::unique_ptr<dataplane::CutSweep>> cuts_;  // by worker
  std::vector<std::unique_ptr<Face>> faces_;
  std::vector<std::unique_ptr<dataplane::Worker>> workers_;
  dataplane::WorkerNumber receiver_ = 0;
  lb::Tick now_ = 16;
  std::array<uint64_t, lb::kDropReasons> drops_seen_{};
  bool wrong_ip_checksum_sent_ = false;
};

}  // namespace dataplane_test
