#include "control/live_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "conf/load.h"
#include "control/kernel_ports.h"
#include "control/log.h"
#include "control/plan_text.h"
#include "control/vocabulary.h"

namespace control {
namespace {

using Kind = Refusal::Kind;

std::unexpected<Refusal> refuse(Kind kind, std::string text) {
  return std::unexpected(Refusal{kind, std::move(text)});
}

Change verdict(const std::vector<conf::Error>& errors) {
  if (errors.empty()) return {};
  return refuse(Kind::kInvalid, conf::one_line(errors));
}

Change check(const conf::Config& config, const conf::Service& service,
             std::optional<size_t> place) {
  return verdict(conf::check_service(config, service, place, vocabulary()));
}

// Whether the same servers are checked in the same way.
bool are_checked_alike(const conf::Service& before, const conf::Service& after) {
  const auto is_alike = [](const conf::Server& one, const conf::Server& other) {
    return one.address == other.address && one.health_check == other.health_check &&
           (one.state == conf::ServerState::kMaint) == (other.state == conf::ServerState::kMaint);
  };
  return before.health_check == after.health_check &&
         std::ranges::equal(before.servers, after.servers, is_alike);
}

bool have_same_servers(const conf::Service& before, const conf::Service& after) {
  return std::ranges::equal(before.servers, after.servers, {}, &conf::Server::address,
                            &conf::Server::address);
}

// Weights and states always are right.
bool differ_in_more(const conf::Server& before, const conf::Server& after) {
  if (before == after) return false;
  conf::Server alike = after;
  alike.weight = before.weight;
  alike.state = before.state;
  return alike != before;
}

bool needs_check(const conf::Service& before, const conf::Service& after) {
  if (!have_same_servers(before, after)) return true;
  for (size_t i = 0; i < before.servers.size(); ++i) {
    if (differ_in_more(before.servers[i], after.servers[i])) return true;
  }
  const conf::ServiceSettings &old_settings = before, &new_settings = after;
  return old_settings != new_settings;
}

Change check_room(const Roster& roster, size_t services, size_t servers) {
  if (roster.has_room(services, servers)) return {};
  return refuse(Kind::kFailed,
                fmt::format("no room: the director holds up to {} services and {} servers",
                            kMasqueradeService, kMasqueradeServer));
}

// The servers of `before` that `after` has not, the sorry server being one.
std::vector<const conf::Server*> missing_from(const conf::Service& after,
                                              const conf::Service& before) {
  std::set<lb::Endpoint> present;
  for (const conf::Server& server : after.servers) present.insert(server.address);
  if (after.sorry_server) present.insert(after.sorry_server->address);
  std::vector<const conf::Server*> result;
  for (const conf::Server& server : before.servers) {
    if (!present.contains(server.address)) result.push_back(&server);
  }
  if (before.sorry_server && !present.contains(before.sorry_server->address)) {
    result.push_back(&*before.sorry_server);
  }
  return result;
}

void log_lines(std::span<const std::string> lines) {
  constexpr size_t kShown = 100;  // of a table of thousands the log need not hold a copy
  for (const std::string& line : lines.first(std::min(lines.size(), kShown))) {
    log::notice("change: {}", line);
  }
  if (lines.size() > kShown) log::notice("change: … and {} more", lines.size() - kShown);
}

}  // namespace

std::optional<size_t> LiveChanges::place_of(const ServiceKey& key) const {
  const auto found = std::ranges::find_if(
      running_.config.services, [&](const conf::Service& one) { return key_of(one) == key; });
  if (found == running_.config.services.end()) return std::nullopt;
  return static_cast<size_t>(found - running_.config.services.begin());
}

void LiveChanges::enter(const conf::Service& service) {
  const Roster::Service* known = running_.roster.find(key_of(service));
  const bool is_new = known == nullptr;
  for (const uint32_t slot : running_.roster.enter(service, running_.now()))
    running_.tally->restart_server(slot);
  if (!is_new) return;
  const uint32_t slot = running_.roster.find(key_of(service))->slot;
  running_.tally->restart_service(slot);
  running_.publisher->forget_turns(slot);
}

void LiveChanges::put(Snapshot& next, const conf::Service& service) {
  const auto now = running_.now();
  judge(service);
  put_service(next, service, running_.roster, now);
  if (is_rising(service, running_.roster, now)) rising_.insert(key_of(service));
}

// A little more of their weights, until they have come to the whole.
void LiveChanges::raise_what_rises() {
  if (rising_.empty()) return;
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  for (const ServiceKey& key : std::exchange(rising_, {})) {
    if (const auto place = place_of(key)) put(*next, running_.config.services[*place]);
  }
  publish_edited(std::move(next));
}

void LiveChanges::publish(std::unique_ptr<const Snapshot> next) {
  running_.publisher->publish(std::move(next));
  running_.publisher->settled();
  cut_what_is_due();
}

// The same after a service was put into the place of its former self.
void LiveChanges::publish_edited(std::unique_ptr<Snapshot> next) {
  dataplane::derive_from_servers(*next, running_.publisher->key());
  publish(std::move(next));
}

// The same after services have come or gone.
void LiveChanges::publish_endpoints(std::unique_ptr<Snapshot> next) {
  put_endpoints(*next, running_.config, running_.roster, running_.publisher->key());
  publish_and_announce(std::move(next));
}

void LiveChanges::publish_and_announce(std::unique_ptr<const Snapshot> next) {
  constexpr size_t kOneByOne = 8;
  const std::vector<lb::Ipv4Address> before = running_.publisher->snapshot().own.all();
  std::vector<lb::Ipv4Address> fresh;
  std::ranges::set_difference(next->own.all(), before, std::back_inserter(fresh));
  publish(std::move(next));
  if (fresh.size() > kOneByOne) {
    announce_all();
    return;
  }
  for (const lb::Ipv4Address address : fresh) {
    dataplane::Request announce{dataplane::Request::Kind::kAnnounceAddress};
    announce.address = address;
    running_.orders->to_one(announce);
  }
}

void LiveChanges::announce_all() {
  announced_ = running_.now();
  for (size_t link = 0; link < running_.publisher->snapshot().links.size(); ++link) {
    dataplane::Request announce{dataplane::Request::Kind::kAnnounce};
    announce.link = static_cast<dataplane::LinkNumber>(link);
    running_.orders->to_one(announce);
  }
}

Change LiveChanges::add_service(conf::Service service) {
  if (place_of(key_of(service))) {
    return refuse(Kind::kServiceExists,
                  fmt::format("there is a service {} already", name_of(key_of(service))));
  }
  if (auto valid = check(running_.config, service, std::nullopt); !valid) return valid;
  if (auto valid = check_vips(running_.config, {&service, 1}, running_.vips); !valid) return valid;
  if (auto room = check_room(running_.roster, 1, service.servers.size() + 1); !room) return room;
  enter(service);
  follow_checks(service);
  running_.config.services.push_back(std::move(service));
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  put(*next, running_.config.services.back());
  publish_endpoints(std::move(next));
  return {};
}

Change LiveChanges::edit_service(const ServiceKey& key, const Edit& edit,
                                 const Farewell& farewell) {
  const auto place = place_of(key);
  if (!place) {
    return refuse(Kind::kNoSuchService, fmt::format("there is no service {}", name_of(key)));
  }
  conf::Service& current = running_.config.services[*place];
  conf::Service wanted = current;
  if (auto edited = edit(wanted); !edited) return edited;
  if (wanted == current) return {};
  if (key_of(wanted) != key) {
    return refuse(Kind::kInvalid,
                  "a service's protocol and address stay what they are: add another");
  }
  if (needs_check(current, wanted)) {
    if (auto valid = check(running_.config, wanted, place); !valid) return valid;
    if (auto room = check_room(running_.roster, 0, wanted.servers.size() + 1); !room) return room;
  }
  if (!have_same_servers(current, wanted) || current.sorry_server != wanted.sorry_server) {
    for (const conf::Server* server : missing_from(wanted, current)) {
      leave(key, *server, farewell);
    }
  }
  const bool checked_alike = are_checked_alike(current, wanted);
  current = std::move(wanted);
  enter(current);
  if (!checked_alike) follow_checks(current);
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  put(*next, current);
  publish_edited(std::move(next));
  return {};
}

Change LiveChanges::delete_service(const ServiceKey& key, const Farewell& farewell) {
  const auto place = place_of(key);
  if (!place) {
    return refuse(Kind::kNoSuchService, fmt::format("there is no service {}", name_of(key)));
  }
  const auto at = running_.config.services.begin() + static_cast<ptrdiff_t>(*place);
  leave(*at, farewell);
  running_.config.services.erase(at);
  publish_endpoints(std::make_unique<Snapshot>(running_.publisher->snapshot()));
  return {};
}

Change LiveChanges::set_timeouts(const conf::Timeouts& timeouts) {
  running_.config.timeouts = timeouts;
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  next->timeouts = timeouts_of(timeouts);
  publish(std::move(next));
  return {};
}

Change LiveChanges::clear_counters(const std::optional<ServiceKey>& key) {
  if (key && !place_of(*key)) {
    return refuse(Kind::kNoSuchService, fmt::format("there is no service {}", name_of(*key)));
  }
  for (auto& [each, service] : running_.roster.services()) {
    if (key && each != *key) continue;
    for (const auto& [address, server] : service.servers) {
      running_.tally->restart_server(server.slot);
    }
    for (const Roster::Server& server : service.cut_off) {
      running_.tally->restart_server(server.slot);
    }
    running_.tally->restart_service(service.slot);
    service.departed = {};
  }
  return {};
}

// All that may refuse to make a configuration the running one does so here.
std::expected<conf::Difference, Refusal> LiveChanges::examine(const conf::Config& wanted) const {
  if (auto valid = verdict(conf::check_config(wanted, vocabulary())); !valid) {
    return std::unexpected(valid.error());
  }
  if (auto valid = check_vips(wanted, wanted.services, running_.vips); !valid) {
    return std::unexpected(valid.error());
  }
  if (const auto why = why_ports_collide(wanted)) return refuse(Kind::kInvalid, *why);
  conf::Difference difference = conf::difference(running_.config, wanted);
  if (!difference.needs_restart.empty()) return refuse(Kind::kInvalid, restart_text(difference));
  size_t servers = 0;
  for (const conf::Service* service : difference.added) servers += service->servers.size() + 1;
  for (const conf::ServiceChange& change : difference.changed) servers += change.added.size() + 1;
  if (auto room = check_room(running_.roster, difference.added.size(), servers); !room) {
    return std::unexpected(room.error());
  }
  return difference;
}

// Returns what it has changed, in words.
std::expected<std::vector<std::string>, Refusal> LiveChanges::put_into_force(
    conf::Config wanted, const Farewell& farewell) {
  const auto difference = examine(wanted);
  if (!difference) return std::unexpected(difference.error());
  std::vector<std::string> lines = describe(*difference);
  if (difference->empty()) return lines;
  log_lines(lines);
  apply(std::move(wanted), farewell);
  return lines;
}

Change LiveChanges::replace(conf::Config wanted, const Farewell& farewell) {
  if (auto lines = put_into_force(std::move(wanted), farewell); !lines) {
    return std::unexpected(lines.error());
  }
  return {};
}

void LiveChanges::apply(conf::Config wanted, const Farewell& farewell) {
  const conf::Config before = std::exchange(running_.config, std::move(wanted));
  std::map<ServiceKey, conf::Service*> after;
  for (conf::Service& service : running_.config.services) after.emplace(key_of(service), &service);
  for (const conf::Service& old : before.services) {
    const ServiceKey key = key_of(old);
    const auto found = after.find(key);
    if (found == after.end()) {
      leave(old, farewell);
      continue;
    }
    std::map<lb::Endpoint, conf::ServerState> states;
    for (const conf::Server& server : old.servers) states.emplace(server.address, server.state);
    for (conf::Server& server : found->second->servers) {
      if (const auto state = states.find(server.address); state != states.end()) {
        server.state = state->second;
      }
    }
    for (const conf::Server* server : missing_from(*found->second, old)) {
      leave(key, *server, farewell);
    }
  }
  for (const conf::Service& service : running_.config.services) {
    enter(service);
    follow_checks(service);
    judge(service);
  }
  const Snapshot& current = running_.publisher->snapshot();
  const auto now = running_.now();
  auto next = build_snapshot(running_.config, running_.roster, current.links,
                             running_.publisher->key(), now, running_.vips);
  for (const conf::Service& service : running_.config.services) {
    if (is_rising(service, running_.roster, now)) rising_.insert(key_of(service));
  }
  if (next->limits->same_as(*current.limits)) next->limits = current.limits;
  next->routing_version = current.routing_version;
  if (before.routes != running_.config.routes || before.interfaces != running_.config.interfaces ||
      before.masquerade != running_.config.masquerade) {
    ++next->routing_version;
  }
  publish_and_announce(std::move(next));
  follow_neighbours(before);
}

// The file's static neighbours, which every worker keeps for itself.
void LiveChanges::follow_neighbours(const conf::Config& before) {
  const auto old = static_neighbours(before);
  const auto wanted = static_neighbours(running_.config);
  const auto tell = [&](dataplane::Request::Kind kind, const dataplane::StaticNeighbour& entry) {
    dataplane::Request request{kind};
    request.link = entry.link;
    request.address = entry.address;
    request.mac = entry.mac;
    running_.orders->to_all(request);
  };
  for (const dataplane::StaticNeighbour& entry : old) {
    if (std::ranges::find(wanted, entry) == wanted.end()) {
      tell(dataplane::Request::Kind::kForgetNeighbour, entry);
    }
  }
  for (const dataplane::StaticNeighbour& entry : wanted) {
    if (std::ranges::find(old, entry) == old.end()) {
      tell(dataplane::Request::Kind::kAddNeighbour, entry);
    }
  }
}

void LiveChanges::watch() {
  running_.orders->step();
  running_.publisher->settled();
  cut_what_is_due();
  raise_what_rises();
  follow_take_over();
  announce_what_is_due();
  see_off();
}

}  // namespace control
