// What must hold of a world, whatever it has been through.
#include <fmt/format.h>

#include <set>
#include <tuple>

#include "scheduler/plan.h"
#include "test/dataplane/support/world.h"

namespace dataplane_test {

using lb::V4;

// Every packet received, and every answer made, has left, been dropped, been consumed, or is still
// held by a worker.
std::string World::audit_now() {
  using dataplane::WorkerCounters;
  std::string faults = io_.faults();
  uint64_t fates = io_.sent_total() + io_.outstanding() + count(&WorkerCounters::consumed) +
                   count(&WorkerCounters::to_kernel);
  for (size_t i = 0; i < lb::kDropReasons; ++i) fates += dropped(i);
  const uint64_t packets = count(&WorkerCounters::packets) + count(&WorkerCounters::answers) +
                           count(&WorkerCounters::fragments) + count(&WorkerCounters::from_kernel);
  if (fates != packets) {
    faults += fmt::format("{} packets came or were made, {} had a fate or wait; ", packets, fates);
  }
  uint64_t connections = 0;
  for (const auto& worker : workers_) connections += worker->connections().table().size();
  if (connections > pool_->size()) {
    faults += fmt::format("{} connections of {} entries; ", connections, pool_->size());
  }
  return faults;
}

std::string World::audit_tables() {
  std::string faults;
  std::vector<lb::Connection<V4>> all;
  std::set<std::tuple<bool, lb::Protocol, uint64_t, uint64_t>> seen;
  const auto number_of_end = [](const lb::End<V4>& end) {
    return uint64_t{end.address.bits.value()} << 16 | end.port.value();
  };
  const auto owner_of = dataplane::OwnerFunction::keyed(setup_.workers);
  for (size_t i = 0; i < workers_.size(); ++i) {
    const size_t first = all.size();
    const lb::ConnectionTable<V4>& table = workers_[i]->connections().table();
    for (uint64_t bucket = 0; bucket < table.buckets(); ++bucket) {
      table.visit_bucket(bucket, [&](const lb::Connection<V4>& entry) { all.push_back(entry); });
    }
    const std::span<const lb::Connection<V4>> held = std::span(all).subspan(first);
    if (held.size() != table.size()) {
      faults += fmt::format("the table says {} and holds {}; ", table.size(), held.size());
    }
    for (const lb::Connection<V4>& entry : held) {
      const auto outside = [&] { return entry.outside.to_endpoint().to_string(); };
      const auto owner = owner_of(entry.outside, table.hash(entry.outside, entry.protocol));
      if (owner != i) {
        faults +=
            fmt::format("worker {} has a connection of {}, which is {}'s; ", i, outside(), owner);
      }
      const auto is_new = [&](bool inward, const lb::End<V4>& other) {
        return seen
            .emplace(inward, entry.protocol, number_of_end(entry.outside), number_of_end(other))
            .second;
      };
      // Either direction's packets name one connection.
      if (!is_new(true, entry.virtual_end) ||
          (entry.replies_seen && !is_new(false, entry.inside))) {
        faults += fmt::format("two connections of {} look alike; ", outside());
      }
    }
    faults += audit_loads(i, held);
  }
  return faults + audit_sums(all) + audit_limits(all) + audit_holds();
}

std::string World::audit_loads(size_t worker, std::span<const lb::Connection<V4>> held) {
  std::string faults;
  std::vector<uint32_t> active(kSlots), inactive(kSlots);
  for (const auto& entry : held) ++(lb::is_active(entry.state) ? active : inactive)[entry.server];
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    const lb::Load& load = figures_.load(static_cast<dataplane::WorkerNumber>(worker), slot);
    if (load.active.reader_get() == active[slot] && load.inactive.reader_get() == inactive[slot]) {
      continue;
    }
    faults += fmt::format("server {} counts {}/{} and has {}/{} at worker {}; ", slot,
                          load.active.reader_get(), load.inactive.reader_get(), active[slot],
                          inactive[slot], worker);
  }
  return faults;
}

// What schedulers see of the director as a whole.
std::string World::audit_sums(std::span<const lb::Connection<V4>> held) {
  std::string faults;
  std::vector<uint64_t> connections(kSlots);
  for (const auto& entry : held) ++connections[entry.server];
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    const scheduler::ServerLoad load = figures_.load(slot);
    if (load.active + load.inactive == connections[slot]) continue;
    faults += fmt::format("server {} has {} connections, schedulers see {}; ", slot,
                          connections[slot], load.active + load.inactive);
  }
  return faults;
}

// Once all workers know of a threshold, every connection of its server is counted once.
std::string World::audit_limits(std::span<const lb::Connection<V4>> held) {
  std::string faults;
  const lb::Limits& limits = figures_.limits();
  for (const uint32_t slot : snapshot_.current().limits->servers) {
    if (limits.workers(slot) != workers_.size()) continue;
    const auto connections =
        static_cast<uint64_t>(std::ranges::count(held, slot, &lb::Connection<V4>::server));
    if (limits.connections(slot) != connections) {
      faults += fmt::format("server {} has {} connections, its threshold knows of {}; ", slot,
                            connections, limits.connections(slot));
    }
    const bool overloaded = limits.is_overloaded(slot);
    if (overloaded != (limits.flags()[slot].load() != 0)) {
      faults += fmt::format("schedulers see the wrong overload of server {}; ", slot);
    }
    if (connections >= limits.upper(slot) && !overloaded) {
      faults +=
          fmt::format("server {} has {} connections and is not overloaded; ", slot, connections);
    }
  }
  return faults;
}

std::string World::audit_holds() {
  std::string faults;
  std::set<uint64_t> clients;
  persistence_->visit([&](const lb::Persistence::Hold& hold) {
    if (!clients.insert(hold.client).second) {
      faults += fmt::format("client {:x} holds twice; ", hold.client);
    }
  });
  return faults;
}

std::string World::settle_and_audit() {
  // A next hop is given up after three tries and a datagram in fragments after thirty seconds; a
  // few seconds more for what goes on to another next hop.
  for (int second = 0; second < 48 && io_.outstanding() > 0; ++second) pass(1);
  describe_sent();
  std::string faults;
  if (io_.outstanding() > 0) {
    faults += fmt::format("{} buffers never came back; ", io_.outstanding());
  }
  if (wrong_ip_checksum_sent_) faults += "a wrong IP checksum was sent; ";
  return faults + audit_now() + audit_tables();
}

}  // namespace dataplane_test
