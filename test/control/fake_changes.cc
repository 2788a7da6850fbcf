#include "test/control/fake_changes.h"

#include <algorithm>
#include <utility>

namespace control::test {

FakeChanges::FakeChanges(conf::Config config) : config(std::move(config)) {}

Change FakeChanges::add_service(conf::Service service) {
  return on_draft([&](ServiceDraft& draft) { return draft.add_service(std::move(service)); });
}

Change FakeChanges::edit_service(const ServiceKey& key, const Edit& edit,
                                 const Farewell& farewell) {
  last_farewell = farewell;
  return on_draft([&](ServiceDraft& draft) { return draft.edit_service(key, edit); });
}

Change FakeChanges::delete_service(const ServiceKey& key, const Farewell& farewell) {
  last_farewell = farewell;
  return on_draft([&](ServiceDraft& draft) { return draft.delete_service(key); });
}

Change FakeChanges::set_timeouts(const conf::Timeouts& timeouts) {
  if (refusal) return std::unexpected(*refusal);
  config.timeouts = timeouts;
  return {};
}

Change FakeChanges::set_vips(conf::Vips wanted) {
  if (refusal) return std::unexpected(*refusal);
  vips = wanted;
  return {};
}

Change FakeChanges::clear_counters(const std::optional<ServiceKey>& key) {
  if (refusal) return std::unexpected(*refusal);
  const auto& services = config.services;
  if (key && std::ranges::find(services, *key, key_of) == services.end()) {
    return std::unexpected(Refusal{Refusal::Kind::kNoSuchService, "there is no such service"});
  }
  cleared.push_back(key);
  return {};
}

Change FakeChanges::replace(conf::Config wanted, const Farewell& farewell) {
  if (refusal) return std::unexpected(*refusal);
  last_farewell = farewell;
  ++replaced;
  config = std::move(wanted);
  return {};
}

std::expected<std::vector<std::string>, Refusal> FakeChanges::plan(const conf::Config& wanted) {
  if (refusal) return std::unexpected(*refusal);
  planned = wanted;
  return lines;
}

std::expected<std::vector<std::string>, Refusal> FakeChanges::reload() {
  if (refusal) return std::unexpected(*refusal);
  return lines;
}

Change FakeChanges::save() {
  if (refusal) return std::unexpected(*refusal);
  ++saved;
  return {};
}

Change FakeChanges::on_draft(const std::function<Change(ServiceDraft&)>& change) {
  if (refusal) return std::unexpected(*refusal);
  ServiceDraft draft(config.services);
  Change done = change(draft);
  if (done) config.services = draft.services();
  return done;
}

FakeFacts facts_of(const conf::Config& config) {
  FakeFacts facts;
  facts.the_info.connection_capacity = 4096;
  facts.the_timeouts = {config.timeouts.tcp, config.timeouts.tcp_fin, config.timeouts.udp};
  for (const conf::Service& service : config.services) {
    ServiceFacts& shown = facts.the_services.emplace_back();
    shown.name = service.name;
    shown.protocol = service.protocol;
    shown.address = service.address;
    shown.scheduler = service.scheduler;
    shown.scheduler_options = service.scheduler_options;
    shown.forward = service.forward;
    shown.persistence_timeout = service.persistence_timeout;
    shown.persistence_netmask = service.persistence_netmask;
    shown.one_packet = service.one_packet;
    for (const conf::Server& server : service.servers) {
      ServerFacts& one = shown.servers.emplace_back();
      one.address = server.address;
      one.forward = server.forward;
      one.weight = server.weight;
      one.upper_threshold = server.upper_threshold;
      one.lower_threshold = server.lower_threshold;
    }
  }
  return facts;
}

}  // namespace control::test
