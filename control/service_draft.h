// A table of services that nobody uses yet: changes are collected in it and become the running
// table as a whole, or are forgotten.
#pragma once

#include <map>
#include <vector>

#include "control/changes.h"

namespace control {

// Knows which services and servers there are; whether they make a valid configuration is asked when
// the draft becomes the running one. What a Farewell says is lost. A refusal ends a draft: the
// service in question may be half edited, as a copy for each of thousands of servers takes long.
class ServiceDraft : public ServiceTable {
 public:
  explicit ServiceDraft(std::vector<conf::Service> services);

  const std::vector<conf::Service>& services() const override { return services_; }
  const conf::Service* before(const ServiceKey& key) const override;
  Change add_service(conf::Service service) override;
  Change edit_service(const ServiceKey& key, const Edit& edit,
                      const Farewell& farewell = {}) override;
  Change delete_service(const ServiceKey& key, const Farewell& farewell = {}) override;
  void clear();

 private:
  using Places = std::map<ServiceKey, size_t>;  // a document may have thousands of services

  static Places places_of(const std::vector<conf::Service>& services);

  const std::vector<conf::Service> before_;
  const Places places_before_;
  std::vector<conf::Service> services_;
  Places places_;
};

}  // namespace control
