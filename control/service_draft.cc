#include "control/service_draft.h"

#include <fmt/format.h>

#include <utility>

namespace control {
namespace {

std::unexpected<Refusal> there_is_no(const ServiceKey& key) {
  return std::unexpected(
      Refusal{Refusal::Kind::kNoSuchService, fmt::format("there is no service {}", name_of(key))});
}

std::unexpected<Refusal> service_exists(const ServiceKey& key) {
  return std::unexpected(Refusal{Refusal::Kind::kServiceExists,
                                 fmt::format("there is a service {} already", name_of(key))});
}

}  // namespace

ServiceDraft::ServiceDraft(std::vector<conf::Service> services)
    : before_(services),
      places_before_(places_of(before_)),
      services_(std::move(services)),
      places_(places_before_) {}

const conf::Service* ServiceDraft::before(const ServiceKey& key) const {
  const auto place = places_before_.find(key);
  return place == places_before_.end() ? nullptr : &before_[place->second];
}

Change ServiceDraft::add_service(conf::Service service) {
  const ServiceKey key = key_of(service);
  if (!places_.emplace(key, services_.size()).second) return service_exists(key);
  services_.push_back(std::move(service));
  return {};
}

Change ServiceDraft::edit_service(const ServiceKey& key, const Edit& edit, const Farewell&) {
  const auto place = places_.find(key);
  if (place == places_.end()) return there_is_no(key);
  const size_t at = place->second;
  conf::Service& edited = services_[at];
  if (Change change = edit(edited); !change) return change;
  const ServiceKey new_key = key_of(edited);
  if (new_key == key) return {};
  if (places_.contains(new_key)) return service_exists(new_key);
  places_.erase(place);
  places_.emplace(new_key, at);
  return {};
}

Change ServiceDraft::delete_service(const ServiceKey& key, const Farewell&) {
  const auto place = places_.find(key);
  if (place == places_.end()) return there_is_no(key);
  services_.erase(services_.begin() + static_cast<ptrdiff_t>(place->second));
  places_ = places_of(services_);
  return {};
}

void ServiceDraft::clear() {
  services_.clear();
  places_.clear();
}

ServiceDraft::Places ServiceDraft::places_of(const std::vector<conf::Service>& services) {
  Places places;
  for (size_t i = 0; i < services.size(); ++i) places.emplace(key_of(services[i]), i);
  return places;
}

}  // namespace control
