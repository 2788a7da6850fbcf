// A worker's side of the clients that hold to their servers (lb/persistence.h): which client a
// packet is of, as its service has it, and what live connections prolong.
#pragma once

#include "dataplane/snapshot.h"
#include "lb/connections.h"
#include "lb/persistence.h"

namespace dataplane {

template <class F>
class Holds final : public lb::HoldKeeper<F> {
 public:
  using Address = typename F::Address;

  Holds(lb::Persistence& table, const Snapshot<F>& snapshot)
      : table_(table), snapshot_(&snapshot) {}

  void begin(const Snapshot<F>& snapshot, lb::Tick now) {
    snapshot_ = &snapshot;
    now_ = now;
  }

  // The slot of the server that a client of the service holds to.
  std::optional<uint32_t> find(const VirtualService<F>& service, Address client) const {
    return table_.find(key(service, client), now_);
  }
  bool renew(const VirtualService<F>& service, Address client, uint32_t server) {
    return table_.renew(key(service, client), server, now_, now_ + service.holds.timeout);
  }
  uint32_t agree(const VirtualService<F>& service, Address client, uint32_t server,
                 std::optional<uint32_t> unfit) {
    return table_.agree(key(service, client), server, unfit, now_, now_ + service.holds.timeout);
  }

  // What a connection's entry says of its client's hold.
  static uint8_t seconds(const VirtualService<F>& service) {
    const lb::Tick whole = service.holds.timeout / lb::kTicksPerSecond;
    return static_cast<uint8_t>(std::min<lb::Tick>(whole, lb::Connections<F>::kLongestHold));
  }

  void keep(const lb::Connection<F>& entry, lb::Tick until) override {
    if (entry.service >= snapshot_->services.size()) return;
    const VirtualService<F>* service = snapshot_->services[entry.service].get();
    if (service == nullptr || service->holds.timeout == 0) return;
    table_.prolong(key(*service, entry.outside.address), entry.server, until,
                   entry.state == lb::State::kEstablished);
  }

 private:
  static uint64_t key(const VirtualService<F>& service, Address client) {
    return F::client_key(service.slot, client, service.holds.mask);
  }

  lb::Persistence& table_;
  const Snapshot<F>* snapshot_;
  lb::Tick now_ = 0;
};

}  // namespace dataplane
