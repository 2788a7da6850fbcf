// Changes of what runs: validated against the whole configuration, then published to the workers as
// one snapshot. What is deleted leaves in the background.
#pragma once

#include <set>
#include <span>

#include "conf/difference.h"
#include "control/changes.h"
#include "control/running.h"

namespace control {

struct QuorumChange {
  conf::ServiceSettings service;
  bool present = false;
  uint64_t weight = 0;  // of the servers that take new connections
  bool first = false;   // the service is new
};

class LiveChanges final : public Changes {
 public:
  // `running` outlives this; its publisher is there when the first change comes.
  explicit LiveChanges(Running& running) : running_(running) {}

  // Before the first snapshot is built: health and quorum of what starts.
  void begin();
  // Servers have gone down or come up: all of it becomes one publication, and what their services
  // want to be done with connections is ordered.
  void follow_health(const std::vector<health::Change>& changes);
  // Quorums that were lost or came back since the last call, the state at the start included.
  std::vector<QuorumChange> take_quorum_changes() { return std::exchange(quorum_changes_, {}); }

  const conf::Config& running() const override { return running_.config; }
  const std::vector<conf::Service>& services() const override { return running_.config.services; }
  Change add_service(conf::Service service) override;
  Change edit_service(const ServiceKey& key, const Edit& edit, const Farewell& farewell) override;
  Change delete_service(const ServiceKey& key, const Farewell& farewell) override;
  Change hasten(std::string_view service, const std::optional<lb::Endpoint>& server,
                const Farewell& farewell) override;
  Change set_timeouts(const conf::Timeouts& timeouts) override;
  Change set_vips(conf::Vips vips) override;
  Change clear_counters(const std::optional<ServiceKey>& key) override;
  Change replace(conf::Config wanted, const Farewell& farewell) override;
  std::expected<std::vector<std::string>, Refusal> plan(const conf::Config& wanted) override;
  std::expected<std::vector<std::string>, Refusal> reload() override;
  Change save() override;

  // Tells neighbours for some seconds, beginning with the next `watch`, whose the addresses are.
  void announce();
  // Another director's answer for a VIP, which a worker has heard.
  void hear_of_vip(std::string text);
  // Whether VIPs are being taken over or connections cut, which `watch` follows at this pace.
  bool hurries() const { return take_over_.has_value() || running_.orders->is_cutting(); }
  static constexpr std::chrono::milliseconds kHurry{10};

  // Frees what no worker reads any more, cuts what has had its time, and gives back the places of
  // servers and services whose last connection has ended. To be called a few times a second, or as
  // often as `kHurry` says.
  void watch();

 private:
  std::optional<size_t> place_of(const ServiceKey& key) const;
  void enter(const conf::Service& service);
  void follow_checks(const conf::Service& service);
  void judge(const conf::Service& service);
  void leave(const ServiceKey& key, const conf::Server& server, const Farewell& farewell);
  void leave(const conf::Service& service, const Farewell& farewell);
  std::expected<std::vector<std::string>, Refusal> replace_by_file();
  std::expected<std::vector<std::string>, Refusal> put_into_force(conf::Config wanted,
                                                                  const Farewell& farewell);
  std::expected<conf::Difference, Refusal> examine(const conf::Config& wanted) const;
  std::vector<std::string> describe(const conf::Difference& difference) const;
  void cut_what_is_due();
  void see_off();
  bool has_ended(const Roster::Service& service, Roster::Server& server) const;
  // Of a service: nothing, servers, or all of it.
  enum class Released : uint8_t { kNothing, kServers, kService };
  Released release_what_has_ended(const ServiceKey& key);
  void put(Snapshot& next, const conf::Service& service);
  void raise_what_rises();
  Change check_vips(const conf::Config& config, std::span<const conf::Service> services,
                    conf::Vips vips) const;
  void make_vips(conf::Vips vips);
  void follow_take_over();
  void ask_elsewhere();
  void announce_what_is_due();
  bool is_announcement_due() const;
  void apply(conf::Config wanted, const Farewell& farewell);
  void follow_neighbours(const conf::Config& before);
  void publish(std::unique_ptr<const Snapshot> next);
  void publish_edited(std::unique_ptr<Snapshot> next);
  void publish_endpoints(std::unique_ptr<Snapshot> next);
  void publish_and_announce(std::unique_ptr<const Snapshot> next);
  void announce_all();
  uint64_t next_publication() const { return running_.publisher->publications() + 1; }

  Running& running_;
  std::set<ServiceKey> rising_;   // services with a server in its slow start
  std::set<ServiceKey> leavers_;  // services that leave, or of whose servers some do
  std::vector<QuorumChange> quorum_changes_;
  // For the next publication: slots of servers whose connections end when it is out, or only those
  // that are about to open.
  std::vector<uint32_t> to_cut_;
  std::vector<uint32_t> to_forget_opening_;
  // Of the VIPs, which are not to be answered for by two directors at once.
  struct TakeOver {
    Roster::Time begun;
    Roster::Time asked;
    std::string answer = {};  // to what was asked last; empty: none
  };
  std::optional<TakeOver> take_over_;
  unsigned announcements_ = 0;  // of all addresses, still to be made one after the other
  Roster::Time announced_{};
};

}  // namespace control
