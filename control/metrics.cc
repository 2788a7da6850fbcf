#include "control/metrics.h"

#include <fmt/format.h>

#include <array>
#include <set>

namespace control {
namespace {

using Type = MetricFamily::Type;
using Value = std::variant<uint64_t, double>;
using Labels = std::vector<std::pair<std::string_view, std::string>>;

// One family over things of one kind: a line of the tables below.
template <typename Thing>
struct Column {
  std::string_view name;
  Type type;
  std::string_view unit;
  std::string_view help;
  Value (*value)(const Thing&);
};

template <typename Thing, size_t N, typename LabelsOf>
void add_columns(std::vector<MetricFamily>& out, const std::array<Column<Thing>, N>& columns,
                 const std::vector<Thing>& things, LabelsOf labels_of) {
  for (const Column<Thing>& column : columns) {
    MetricFamily family{column.name, column.type, column.unit, column.help, {}};
    for (const Thing& thing : things) {
      family.samples.push_back({labels_of(thing), column.value(thing)});
    }
    out.push_back(std::move(family));
  }
}

constexpr std::array<Column<InfoFacts>, 14> kDirector{{
    {"lbd_uptime_seconds", Type::kGauge, "seconds", "Time since lbd started.",
     [](const InfoFacts& i) -> Value { return i.uptime_seconds; }},
    {"lbd_workers", Type::kGauge, "", "Threads that forward packets.",
     [](const InfoFacts& i) -> Value { return uint64_t{i.workers}; }},
    {"lbd_vips_active", Type::kGauge, "", "1 while the VIPs are this director's.",
     [](const InfoFacts& i) -> Value { return uint64_t{i.vips == "active"}; }},
    {"lbd_connections", Type::kGauge, "", "Connections in the table.",
     [](const InfoFacts& i) -> Value { return i.connection_entries; }},
    {"lbd_connections_capacity", Type::kGauge, "", "Connections that the table can hold.",
     [](const InfoFacts& i) -> Value { return i.connection_capacity; }},
    {"lbd_connections_reclaimed", Type::kCounter, "",
     "Connections, closing or only begun, taken back for newer ones while the table was full.",
     [](const InfoFacts& i) -> Value { return i.connections_reclaimed; }},
    {"lbd_answers", Type::kCounter, "",
     "Packets that the director has made itself: ARP, ICMP, resets.",
     [](const InfoFacts& i) -> Value { return i.answers_given; }},
    {"lbd_answers_suppressed", Type::kCounter, "",
     "Packets that it did not make, to keep their rate or for want of a way.",
     [](const InfoFacts& i) -> Value { return i.answers_suppressed; }},
    {"lbd_persistent_clients_displaced", Type::kCounter, "",
     "Clients of persistent services that lost their server for want of room.",
     [](const InfoFacts& i) -> Value { return i.client_holds_displaced; }},
    {"lbd_start_time_seconds", Type::kGauge, "seconds", "When lbd started, in seconds since 1970.",
     [](const InfoFacts& i) -> Value { return static_cast<uint64_t>(i.started_unix); }},
    {"lbd_config_last_reload_successful", Type::kGauge, "",
     "0 while the last reload of the file was refused.",
     [](const InfoFacts& i) -> Value {
       return uint64_t{!i.last_reload || i.last_reload->successful};
     }},
    {"lbd_config_last_reload_time_seconds", Type::kGauge, "seconds",
     "When the file was last read, in seconds since 1970.",
     [](const InfoFacts& i) -> Value {
       return static_cast<uint64_t>(i.last_reload ? i.last_reload->unix_time : i.started_unix);
     }},
    {"lbd_mbufs_in_use", Type::kGauge, "", "Packet buffers taken from the receive pool.",
     [](const InfoFacts& i) -> Value { return i.mbufs_in_use; }},
    {"lbd_mbufs_capacity", Type::kGauge, "", "Packet buffers of the receive pool.",
     [](const InfoFacts& i) -> Value { return i.mbufs_total; }},
}};

constexpr std::array<Column<DropFacts>, 1> kDrops{{
    {"lbd_drops", Type::kCounter, "", "Packets dropped, by reason.",
     [](const DropFacts& d) -> Value { return d.count; }},
}};

constexpr std::array<Column<ServiceFacts>, 6> kServices{{
    {"lbd_service_connections", Type::kCounter, "", "Connections of the virtual service.",
     [](const ServiceFacts& s) -> Value { return s.totals.connections; }},
    {"lbd_service_refused_connections", Type::kCounter, "",
     "New connections refused: no real server was to be had, or no room (see lbd_drops).",
     [](const ServiceFacts& s) -> Value { return s.refused; }},
    {"lbd_service_in_packets", Type::kCounter, "packets", "Packets from clients.",
     [](const ServiceFacts& s) -> Value { return s.totals.packets_in; }},
    {"lbd_service_out_packets", Type::kCounter, "packets",
     "Packets to clients (in NAT; others go past lbd).",
     [](const ServiceFacts& s) -> Value { return s.totals.packets_out; }},
    {"lbd_service_in_bytes", Type::kCounter, "bytes", "IP bytes from clients.",
     [](const ServiceFacts& s) -> Value { return s.totals.bytes_in; }},
    {"lbd_service_out_bytes", Type::kCounter, "bytes",
     "IP bytes to clients (in NAT; others go past lbd).",
     [](const ServiceFacts& s) -> Value { return s.totals.bytes_out; }},
}};

// A real server together with the service whose counts these are.
struct Member {
  const ServiceFacts* service;
  const ServerFacts* server;
};

constexpr std::array<Column<Member>, 8> kServers{{
    {"lbd_server_weight", Type::kGauge, "", "Configured weight of the real server.",
     [](const Member& m) -> Value { return uint64_t{m.server->weight}; }},
    {"lbd_server_active_connections", Type::kGauge, "", "Active connections (as LVS counts them).",
     [](const Member& m) -> Value { return uint64_t{m.server->active_connections}; }},
    {"lbd_server_inactive_connections", Type::kGauge, "",
     "Inactive connections (as LVS counts them).",
     [](const Member& m) -> Value { return uint64_t{m.server->inactive_connections}; }},
    {"lbd_server_connections", Type::kCounter, "", "Connections given to the real server.",
     [](const Member& m) -> Value { return m.server->totals.connections; }},
    {"lbd_server_in_packets", Type::kCounter, "packets", "Packets to the real server.",
     [](const Member& m) -> Value { return m.server->totals.packets_in; }},
    {"lbd_server_out_packets", Type::kCounter, "packets", "Packets from the real server.",
     [](const Member& m) -> Value { return m.server->totals.packets_out; }},
    {"lbd_server_in_bytes", Type::kCounter, "bytes", "IP bytes to the real server.",
     [](const Member& m) -> Value { return m.server->totals.bytes_in; }},
    {"lbd_server_out_bytes", Type::kCounter, "bytes", "IP bytes from the real server.",
     [](const Member& m) -> Value { return m.server->totals.bytes_out; }},
}};

constexpr std::array<Column<InterfaceFacts>, 12> kInterfaces{{
    {"lbd_interface_up", Type::kGauge, "", "1 while the link is up.",
     [](const InterfaceFacts& i) -> Value { return uint64_t{i.link_up}; }},
    {"lbd_interface_receive_packets", Type::kCounter, "packets", "Packets received.",
     [](const InterfaceFacts& i) -> Value { return i.rx_packets; }},
    {"lbd_interface_receive_bytes", Type::kCounter, "bytes", "Bytes received.",
     [](const InterfaceFacts& i) -> Value { return i.rx_bytes; }},
    {"lbd_interface_receive_missed", Type::kCounter, "",
     "Packets that the device lost for want of a poll.",
     [](const InterfaceFacts& i) -> Value { return i.rx_missed; }},
    {"lbd_interface_receive_errors", Type::kCounter, "", "Packets received broken.",
     [](const InterfaceFacts& i) -> Value { return i.rx_errors; }},
    {"lbd_interface_receive_no_mbuf", Type::kCounter, "",
     "Packets lost because the pool of buffers was empty.",
     [](const InterfaceFacts& i) -> Value { return i.rx_no_mbuf; }},
    {"lbd_interface_transmit_packets", Type::kCounter, "packets", "Packets sent.",
     [](const InterfaceFacts& i) -> Value { return i.tx_packets; }},
    {"lbd_interface_transmit_bytes", Type::kCounter, "bytes", "Bytes sent.",
     [](const InterfaceFacts& i) -> Value { return i.tx_bytes; }},
    {"lbd_interface_transmit_errors", Type::kCounter, "", "Packets that could not be sent.",
     [](const InterfaceFacts& i) -> Value { return i.tx_errors; }},
    {"lbd_interface_to_kernel_packets", Type::kCounter, "packets",
     "Packets that the kernel's twin of the interface took.",
     [](const InterfaceFacts& i) -> Value { return i.to_kernel; }},
    {"lbd_interface_from_kernel_packets", Type::kCounter, "packets",
     "Packets that the kernel sent by its twin of the interface.",
     [](const InterfaceFacts& i) -> Value { return i.from_kernel; }},
    {"lbd_interface_kernel_dropped_packets", Type::kCounter, "packets",
     "Packets for the kernel beyond what it may or can take.",
     [](const InterfaceFacts& i) -> Value { return i.kernel_dropped; }},
}};

constexpr std::array<Column<WorkerFacts>, 6> kWorkers{{
    {"lbd_worker_busy_ratio", Type::kGauge, "ratio", "Share of time spent on packets, 0 to 1.",
     [](const WorkerFacts& w) -> Value { return w.busy; }},
    {"lbd_worker_connections", Type::kGauge, "", "Connections that the worker owns.",
     [](const WorkerFacts& w) -> Value { return w.connections; }},
    {"lbd_worker_packets", Type::kCounter, "packets", "Packets that the worker received.",
     [](const WorkerFacts& w) -> Value { return w.packets; }},
    {"lbd_worker_handed_over_packets", Type::kCounter, "packets",
     "Packets given to the worker that owns their connection.",
     [](const WorkerFacts& w) -> Value { return w.handed_over; }},
    {"lbd_worker_taken_over_packets", Type::kCounter, "packets",
     "Packets that other workers handed over to it.",
     [](const WorkerFacts& w) -> Value { return w.taken_over; }},
    {"lbd_worker_ring_fill_ratio", Type::kGauge, "ratio",
     "How full its fullest ring to another worker was over the last second, 0 to 1.",
     [](const WorkerFacts& w) -> Value { return w.ring_fill; }},
}};

Labels labels_of(const Member& member) {
  return {{"service", member.service->name}, {"server", member.server->address.to_string()}};
}

// OpenMetrics' enumeration: one sample per value it can have, the family's name as the label.
MetricFamily state_set(std::string_view name, std::string_view help,
                       std::initializer_list<std::string_view> values,
                       const std::vector<Member>& members,
                       const std::string& (*value_of)(const ServerFacts&)) {
  MetricFamily family{name, Type::kStateSet, "", help, {}};
  for (const Member& member : members) {
    for (const std::string_view value : values) {
      Labels labels = labels_of(member);
      labels.emplace_back(name, value);
      family.samples.push_back({std::move(labels), uint64_t{value_of(*member.server) == value}});
    }
  }
  return family;
}

// All that have traffic, and each name once: a service that leaves may have left its name to
// another.
std::vector<ServiceFacts> all_services(Facts& facts) {
  std::vector<ServiceFacts> services = facts.services();
  std::set<std::string> names;
  for (const ServiceFacts& service : services) names.insert(service.name);
  for (ServiceFacts& leaving : facts.leaving_services()) {
    if (names.insert(leaving.name).second) services.push_back(std::move(leaving));
  }
  for (ServiceFacts& service : services) {
    for (ServerFacts& server : service.leaving) {
      server.state = "leaving";
      service.servers.push_back(std::move(server));
    }
    if (!service.sorry_server) continue;
    service.sorry_server->state = "sorry";
    service.servers.push_back(std::move(*service.sorry_server));
  }
  return services;
}

void add_services(std::vector<MetricFamily>& out, const std::vector<ServiceFacts>& services) {
  MetricFamily info{"lbd_service", Type::kInfo, "", "Configuration of the virtual service.", {}};
  std::vector<Member> members;
  for (const ServiceFacts& service : services) {
    info.samples.push_back({{{"service", service.name},
                             {"protocol", std::string(lb::to_string(service.protocol))},
                             {"address", service.address.to_string()},
                             {"scheduler", service.scheduler},
                             {"forward", service.forward}},
                            uint64_t{1}});
    for (const ServerFacts& server : service.servers) members.push_back({&service, &server});
  }
  out.push_back(std::move(info));
  add_columns(out, kServices, services, [](const ServiceFacts& s) {
    return Labels{{"service", s.name}};
  });
  add_columns(out, kServers, members, labels_of);
  out.push_back(state_set("lbd_server_state",
                          "What the operator set; one that leaves, or serves when others cannot.",
                          {"ready", "drain", "maint", "leaving", "sorry"}, members,
                          [](const ServerFacts& s) -> const std::string& { return s.state; }));
  MetricFamily quorum{
      "lbd_service_quorum", Type::kGauge, "", "1 while enough servers take connections.", {}};
  for (const ServiceFacts& service : services) {
    quorum.samples.push_back({{{"service", service.name}}, uint64_t{service.quorum}});
  }
  out.push_back(std::move(quorum));
  out.push_back(state_set("lbd_server_health", "What the health check found.",
                          {"up", "down", "unchecked"}, members,
                          [](const ServerFacts& s) -> const std::string& { return s.health; }));
}

// A check together with one of the servers that it stands for.
struct Checked {
  const CheckFacts* check;
  const CheckFacts::Server* server;
};

constexpr std::array<Column<Checked>, 3> kChecks{{
    {"lbd_server_checks_passed", Type::kCounter, "", "Health checks that passed.",
     [](const Checked& c) -> Value { return c.check->passes_total; }},
    {"lbd_server_checks_failed", Type::kCounter, "", "Health checks that failed.",
     [](const Checked& c) -> Value { return c.check->failures_total; }},
    {"lbd_server_check_duration_seconds", Type::kGauge, "seconds", "Of the last health check.",
     [](const Checked& c) -> Value {
       return c.check->last ? c.check->last->duration_seconds : 0.0;
     }},
}};

void add_checks(std::vector<MetricFamily>& out, const HealthFacts& health) {
  std::vector<Checked> checked;
  for (const CheckFacts& check : health.checks) {
    for (const CheckFacts::Server& server : check.servers) checked.push_back({&check, &server});
  }
  add_columns(out, kChecks, checked, [](const Checked& c) {
    return Labels{{"service", c.server->service_name},
                  {"server", c.server->address.to_string()},
                  {"type", c.check->check.type}};
  });
}

}  // namespace

std::vector<MetricFamily> metric_families(Facts& facts) {
  std::vector<MetricFamily> out;
  const InfoFacts info = facts.info();
  const std::vector<WorkerFacts> workers = facts.workers();
  out.push_back(
      {"lbd", Type::kInfo, "", "Version of lbd.", {{{{"version", info.version}}, uint64_t{1}}}});
  add_columns(out, kDirector, std::vector{info}, [](const InfoFacts&) { return Labels{}; });
  add_columns(out, kDrops, facts.drops(), [](const DropFacts& d) {
    return Labels{{"reason", d.reason}};
  });
  add_services(out, all_services(facts));
  add_checks(out, facts.health());
  add_columns(out, kInterfaces, facts.interfaces(), [](const InterfaceFacts& i) {
    return Labels{{"interface", i.name}};
  });
  add_columns(out, kWorkers, workers, [](const WorkerFacts& w) {
    return Labels{{"lcore", fmt::to_string(w.lcore)}};
  });
  MetricFamily steering{"lbd_worker", Type::kInfo, "", "How packets find the worker.", {}};
  for (const WorkerFacts& worker : workers) {
    steering.samples.push_back(
        {{{"lcore", fmt::to_string(worker.lcore)}, {"steering", worker.steering}}, uint64_t{1}});
  }
  out.push_back(std::move(steering));
  return out;
}

}  // namespace control
