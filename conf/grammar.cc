#include "conf/grammar.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "conf/config.h"
#include "conf/format.h"
#include "conf/health_grammar.h"
#include "conf/keys.h"

namespace conf {
namespace {

Shape list_of(Shape item, size_t min_items = 0) {
  return {List{.item = std::make_shared<const Shape>(std::move(item)), .min_items = min_items}};
}

Shape one_or_many(Shape item) {
  return {OneOrMany{std::make_shared<const Shape>(std::move(item))}};
}

Property required(std::string name, Shape shape, std::string description) {
  return {std::move(name), std::move(shape), std::move(description), true};
}

Property optional(std::string name, Shape shape, std::string default_json,
                  std::string description) {
  return {std::move(name), std::move(shape), std::move(description), false,
          std::move(default_json)};
}

template <class T, size_t count>
Choice choice_of(const std::array<Word<T>, count>& words) {
  Choice choice;
  for (const Word<T>& word : words) {
    choice.words.push_back({std::string(word.name), std::string(word.description)});
  }
  return choice;
}

// The default that a C++ value has is the file's: it is written once, in config.h.
std::string json(uint64_t number) { return std::to_string(number); }
std::string json(const std::string& word) { return '"' + word + '"'; }

Shape interface_shape() {
  const Shape neighbour = {Object{{
      required("address", {address_text()}, "The neighbour's address."),
      required("mac", {mac_text()}, "Its unicast MAC address."),
  }}};
  return {Object{{
      required("name", {name_text()}, "How everything else refers to the interface."),
      required("device", one_or_many({device_text()}),
               "DPDK port, a PCI address or a vdev name; or a list of ports that are queues of one "
               "wire."),
      optional("addresses", list_of({prefix_text()}), "[]",
               "The director's own addresses with prefix length."),
      optional("virtual_addresses", list_of({address_text()}), "[]",
               "Addresses of its prefixes that go with the VIPs, as the servers' gateway."),
      optional("neighbours", list_of(neighbour), "[]",
               "Static neighbours, never resolved, aged or moved."),
      optional("mtu", {Integer{576, 9000}}, json(Interface{}.mtu), "The largest IP packet, bytes."),
      optional("kernel_interface", {netdev_text()}, "",
               "The kernel's twin of the interface, a netdev that lbd makes."),
  }}};
}

Shape route_shape() {
  return {Object{{
      required("destination", {prefix_text()}, "The network that the route leads to."),
      required(
          "gateway", {address_text()},
          "The next hop, a neighbour on one of the interfaces: the interface follows from it."),
  }}};
}

// What a table of the vocabulary adds to an object: the key that names an entry and, if some entry
// has options, the key that holds them.
template <class Entry>
void add_choice(Object& object, const std::vector<Entry>& entries, const std::string& key,
                const std::string& fallback, bool inherits, const std::string& description) {
  Choice choice;
  Selected options{key, fallback, {}};
  bool any_options = false;
  for (const Entry& entry : entries) {
    choice.words.push_back({entry.name, entry.summary});
    options.cases.push_back({entry.name, {entry.options}});
    any_options = any_options || !entry.options.empty();
  }
  const bool known =
      std::ranges::any_of(entries, [&](const Entry& entry) { return entry.name == fallback; });
  object.properties.push_back(
      {key, {choice}, description, !inherits && !known, inherits || !known ? "" : json(fallback)});
  if (any_options) {
    object.properties.push_back(
        {key + "_options", {options}, "Options of what `" + key + "` names."});
  }
}

Shape server_shape(const Vocabulary& vocabulary) {
  // As ipvsadm has it.
  constexpr uint64_t kLargestThreshold = 0x7fffffff;
  const Choice state = choice_of(kServerStates);
  Object server{{
      required("address", {server_text()},
               "The real server; its port defaults to the service's, and some forwarding methods "
               "demand just that."),
      optional("weight", {Integer{0, 65535}}, json(Server{}.weight),
               "Its share; 0 takes no new connections."),
      optional("state", {state}, json(state.words.front().name),
               "The operator's word; of a server that runs already a reload leaves it as it is."),
      optional("upper_threshold", {Integer{0, kLargestThreshold}}, json(Server{}.upper_threshold),
               "Connections at which it takes no more; 0: no limit."),
      optional("lower_threshold", {Integer{0, kLargestThreshold}}, json(Server{}.lower_threshold),
               "Connections below which it takes new ones again; 0: three quarters of the upper "
               "one."),
  }};
  add_choice(server, vocabulary.methods, "forward", Service{}.forward, true,
             "Forwarding method, if not the service's.");
  server.properties.push_back(
      optional("health_check", health_check_shape(vocabulary), "",
               "How it is checked, if not as the service says; it replaces the service's whole."));
  return {server};
}

// What a service does about the health of its servers.
void add_health(Object& service, const Vocabulary& vocabulary) {
  constexpr uint64_t kLargestSum = std::numeric_limits<decltype(Service::quorum)>::max();
  const Choice on_down = choice_of(kOnDown);
  Object sorry{{required("address", {server_text()},
                         "The server that serves in the others' place; its port defaults to the "
                         "service's.")}};
  add_choice(sorry, vocabulary.methods, "forward", Service{}.forward, true,
             "Forwarding method, if not the service's.");
  const Shape command = list_of({any_argument()});
  auto& properties = service.properties;
  properties.push_back(optional("health_check", health_check_shape(vocabulary), "",
                                "How its servers are checked; left out, they are not."));
  properties.push_back(optional("on_down", {on_down}, "",
                                "What becomes of the connections of a server that is down; left "
                                "out, \"keep\" for TCP and \"move\" for UDP."));
  properties.push_back(
      optional("sorry_server", {sorry}, "", "Serves while the quorum is lost, as the only one."));
  properties.push_back(optional("quorum", {Integer{1, kLargestSum}}, json(Service{}.quorum),
                                "The least total weight of servers that take connections."));
  properties.push_back(optional("quorum_hysteresis", {Integer{0, kLargestSum}},
                                json(Service{}.quorum_hysteresis),
                                "By how much the total must pass the quorum to make a change."));
  properties.push_back(optional("quorum_up", command, "[]",
                                "A program with its arguments, run when the quorum is there."));
  properties.push_back(optional("quorum_down", command, "[]",
                                "A program with its arguments, run when the quorum is lost."));
}

Shape service_shape(const Vocabulary& vocabulary) {
  const Choice protocol{{{"tcp", "TCP"}, {"udp", "UDP"}}};
  Object service{{
      optional("name", {name_text()}, "", "Unique; left out, it is `tcp:IP:port`."),
      required("protocol", {protocol}, "What the clients speak."),
      required("address", {service_address_text()},
               "The virtual address and port; port 0 of a persistent service: every port."),
  }};
  add_choice(service, vocabulary.schedulers, "scheduler", Service{}.scheduler, false,
             "How a real server is chosen for a new connection.");
  add_choice(service, vocabulary.methods, "forward", Service{}.forward, false,
             "How packets reach the real servers; a server may override it.");
  // As ipvsadm: a month.
  constexpr uint64_t kLongestPersistence = 31 * 24 * 60 * 60;
  service.properties.push_back(optional(
      "persistence_timeout", {Integer{0, kLongestPersistence}}, json(Service{}.persistence_timeout),
      "Seconds for which a client keeps its server after its last new connection; 0: it "
      "does not."));
  service.properties.push_back(optional("persistence_netmask", {netmask_text()},
                                        json(Service{}.persistence_netmask.to_string()),
                                        "Clients that are alike under it share a server."));
  service.properties.push_back(
      optional("expire_quiescent_template", {Boolean{}}, "false",
               "Whether persistent clients leave a server of weight 0, in drain or in maint."));
  service.properties.push_back(
      optional("one_packet", {Boolean{}}, "false", "UDP: every datagram is scheduled by itself."));
  service.properties.push_back(
      optional("sloppy_tcp", {Boolean{}}, "false",
               "TCP: whether any packet but a reset may open a connection, not only a SYN."));
  service.properties.push_back(
      optional("announce", {Boolean{}}, "false",
               "Whether its VIP stands on a kernel_interface, as /32, while it attracts traffic."));
  service.properties.push_back(
      optional("slow_start", {Integer{0, 24 * 60 * 60}}, json(Service{}.slow_start),
               "Seconds in which a new server's weight grows to its whole, under schedulers that "
               "compare connections; 0: at once."));
  add_health(service, vocabulary);
  service.properties.push_back(optional("servers", list_of(server_shape(vocabulary)), "[]",
                                        "The real servers; schedulers try equals in this order."));
  return {service};
}

Shape masquerade_shape() {
  return {Object{{
      required("source", {prefix_text()}, "The network whose connections are masqueraded."),
      required("interface", {name_text()},
               "Where they leave; the interface's first address becomes their source."),
      optional("ports", {ports_text()}, json(Masquerade{}.ports()),
               "The source ports that they get, `FIRST-LAST`; no service of that address may have "
               "one of them."),
  }}};
}

Shape timeouts_shape() {
  constexpr uint64_t kYear = 365 * 24 * 60 * 60;
  Object timeouts;
  for (const TimeoutKey& key : kTimeoutKeys) {
    timeouts.properties.push_back(optional(std::string(key.name), {Integer{1, kYear}},
                                           json(Timeouts{}.*key.seconds),
                                           "Seconds for " + std::string(key.description) + "."));
  }
  return {timeouts};
}

Shape idle_shape() {
  return {Object{{
      optional("after_polls", {Integer{0, 1 << 30}}, json(Idle{}.after_polls),
               "Polls in a row that must have brought nothing before a worker sleeps."),
      // A receive queue of 1,024 packets is full after a millisecond at a million packets a second.
      optional("sleep_us", {Integer{0, 1000}}, json(Idle{}.sleep_us),
               "Microseconds that it sleeps then at every empty poll; 0: it polls on."),
  }}};
}

Shape control_shape() {
  const Choice level = choice_of(kLevels);
  const Shape socket = {Object{{
      required("path", {socket_path_text()}, "Where the socket is made."),
      optional("level", {level}, json(level.words.front().name), "What its clients may do."),
      optional("mode", {file_mode_text()}, json(std::string("0600")), "File mode, octal."),
      optional("group", {name_text()}, "", "Group of the machine that the file belongs to."),
  }}};
  return {Object{{
      optional("sockets", list_of(socket), "[{\"path\": " + json(Socket{}.path) + "}]",
               "UNIX sockets for lbctl and other tools."),
      optional("metrics", {endpoint_text()}, "", "Where OpenMetrics text is served over HTTP."),
  }}};
}

}  // namespace

Shape service_grammar(const Vocabulary& vocabulary) { return service_shape(vocabulary); }

Shape grammar(const Vocabulary& vocabulary) {
  const Shape connections = {Object{{
      optional("capacity", {Integer{1, uint64_t{1} << 27}}, json(Connections{}.capacity),
               "Live connections that the whole director must hold."),
  }}};
  return {Object{{
      optional("eal", list_of({any_argument()}), "[]",
               "Arguments for DPDK. The main lcore is the control thread, every other a worker."),
      required("interfaces", list_of(interface_shape(), 1), "The director's wires."),
      optional("routes", list_of(route_shape()), "[]", "Networks behind routers."),
      optional("services", list_of(service_shape(vocabulary)), "[]", "The virtual services."),
      optional("masquerade", list_of(masquerade_shape()), "[]",
               "What hosts behind the director start themselves leaves with its address."),
      optional("timeouts", timeouts_shape(), "{}",
               "Seconds after which idle connections are forgotten."),
      optional("connections", connections, "{}", "The connection table."),
      optional("idle", idle_shape(), "{}", "What workers do when there are no packets."),
      optional("mbufs", {Integer{512, (1 << 24) - 1}}, "",
               "Buffers of the receive pool; left out, as many as queues and rings need."),
      optional("vips", {choice_of(kVips)}, json(std::string(to_string(Config{}.vips))),
               "Whose the VIPs are at start; `set vips` changes it, a reload does not."),
      optional("control", control_shape(), "{}", "How the director is watched and steered."),
  }}};
}

}  // namespace conf
