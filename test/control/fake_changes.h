// A running configuration of plain values for the tests of commands that change it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/changes.h"
#include "control/service_draft.h"
#include "test/control/fake_facts.h"

namespace control::test {

// Does what it is asked, as far as a ServiceDraft does; validates nothing by itself.
struct FakeChanges : Changes {
  explicit FakeChanges(conf::Config config = {});

  conf::Config config;
  std::optional<Refusal> refusal;  // of every change that comes, in place of executing it
  std::vector<std::optional<ServiceKey>> cleared;
  size_t replaced = 0;
  size_t saved = 0;
  std::vector<std::string> lines;  // what plan and reload say
  std::optional<conf::Config> planned;
  std::optional<Farewell> last_farewell;
  std::string leaving;             // a service, or "SERVICE ADDRESS", that can be hastened
  std::optional<conf::Vips> vips;  // that were last set

  const std::vector<conf::Service>& services() const override { return config.services; }
  Change add_service(conf::Service service) override;
  Change edit_service(const ServiceKey& key, const Edit& edit, const Farewell& farewell) override;
  Change delete_service(const ServiceKey& key, const Farewell& farewell) override;
  Change hasten(std::string_view service, const std::optional<lb::Endpoint>& server,
                const Farewell& farewell) override;
  const conf::Config& running() const override { return config; }
  Change set_timeouts(const conf::Timeouts& timeouts) override;
  Change set_vips(conf::Vips vips) override;
  Change clear_counters(const std::optional<ServiceKey>& key) override;
  Change replace(conf::Config wanted, const Farewell& farewell) override;
  std::expected<std::vector<std::string>, Refusal> plan(const conf::Config& wanted) override;
  std::expected<std::vector<std::string>, Refusal> reload() override;
  Change save() override;

 private:
  // Executes `change` on a draft that then becomes the services.
  Change on_draft(const std::function<Change(ServiceDraft&)>& change);
};

// The same services as facts, without connections or counts.
FakeFacts facts_of(const conf::Config& config);

}  // namespace control::test
