// A director of several workers in a world that is decided by one number: who takes a turn next,
// what arrives where, how much time passes, what fails. Everything that happens follows from the
// seed, so a seed that fails fails again.
//
// Each packet of a flow carries a number (the TCP sequence number, the first bytes of UDP data), by
// which it is known again when it leaves.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "test/dataplane/support/world.h"
#include "test/random.h"

namespace dataplane_test {

using shared_test::Random;

// What a seed decides once.
struct Weather {
  explicit Weather(Random& random);
  bool swaps;         // services are replaced, closed and cut while it runs
  bool shared_ports;  // one client port may be open to several services, and services share servers
  bool masquerade;
  bool refusals;     // ports refuse to send
  bool sleepers;     // workers take no turn for long
  bool flood;        // so many packets that the rings to a sleeping worker fill
  bool small;        // few entries
  bool persistence;  // clients hold to servers
  bool thresholds;   // servers take so many connections and no more
  bool twin;         // the kernel has a twin of the wan, and takes its packets now and then
  bool handovers;    // VIPs go to another director and come back
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  // Nothing when all was well, else what was not, and when.
  std::string run();

 private:
  // A client's connection to a service, or one that a server opens.
  struct Flow {
    bool tcp = true;
    bool from_inside = false;
    size_t service = 0;
    std::string near, far;        // who opens, and whom it addresses
    std::string seen_as;          // from_inside: the director's end
    bool comes_back = true;       // its replies pass the director
    bool alone = true;            // there is no other flow of the same ends
    bool closing = false;         // somebody has sent what may end it
    uint64_t rewritten = 0;       // what the director made of it, once it is established
    uint32_t established_by = 0;  // the number of the packet that proved it
    lb::Tick proven = 0;          // when the last packet that came through had been made
    uint64_t last_seen = 0;       // what the director made of its last packet
  };
  struct Numbered {
    uint32_t flow;
    bool from_opener;
    bool proves;  // once it is through, the connection is established
    bool left = false;
    lb::Tick made;
  };
  struct OnTheWire {
    dataplane::LinkNumber link;
    Bytes frame;
  };

  static Setup setup(Random& random, const Weather& weather);
  std::vector<ServiceSetup> random_services();

  void step();
  void swap_services();
  void cut_something();
  void let_the_kernel();
  void pass_time();
  void choose_sleepers();
  void flood();
  dataplane::WorkerNumber choose_worker();
  void deliver();

  // Traffic.
  void make_something();
  void open_flow();
  void open_from_inside();
  uint32_t add(Flow flow);
  void go_on(Flow& flow, uint32_t index);
  void answer(Flow& flow, uint32_t index);
  void send(Flow& flow, uint32_t index, bool from_opener, std::string_view flags);
  void send_in_fragments(dataplane::LinkNumber link, const Frame& frame, const std::string& from,
                         const std::string& to, uint8_t protocol);
  void complain();
  void chat();
  void put(dataplane::LinkNumber link, const Frame& frame);
  uint32_t number(uint32_t flow, bool from_opener, bool proves);

  // What leaves.
  void look(const SentFrame& sent);
  void look_at_ip(dataplane::LinkNumber link, View ip, uint32_t hop);
  void check(const Numbered& packet, uint32_t tag, View ip, uint32_t hop);
  void check_reply(const Flow& flow, uint32_t tag, View ip);
  bool is_pinned(const Flow& flow) const;

  std::string audit_turns();
  void fault(const std::string& text);

  Random random_;
  Weather weather_;
  std::vector<ServiceSetup> services_;  // as they are now
  World world_;
  std::vector<ServiceSetup> at_first_;
  std::vector<Flow> flows_;
  std::vector<Numbered> numbered_;
  std::map<std::string, uint32_t> newest_;  // flow, by protocol and ends
  std::vector<OnTheWire> wire_;
  std::vector<Bytes> recent_;         // IP packets that left
  std::array<uint32_t, 8> asleep_{};  // steps that a worker still sleeps, by worker
  uint16_t next_id_ = 1;
  uint32_t next_port_ = 1024;
  uint32_t steps_ = 0;
  std::string faults_;
};

}  // namespace dataplane_test
