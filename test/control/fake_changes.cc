#include "test/control/fake_changes.h"

#include <algorithm>
#include <utility>

#include "control/worker_facts.h"

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

Change FakeChanges::hasten(std::string_view service, const std::optional<lb::Endpoint>& server,
                           const Farewell& farewell) {
  std::string asked(service);
  if (server) asked += " " + server->to_string();
  if (asked != leaving) return std::unexpected(Refusal{Refusal::Kind::kNoSuchServer, asked});
  last_farewell = farewell;
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
    ServiceFacts& shown = facts.the_services.emplace_back(service_facts(service, 0));
    for (const conf::Server& server : service.servers) {
      shown.servers.push_back(server_facts(server, {}, {}));
    }
  }
  return facts;
}

}  // namespace control::test
