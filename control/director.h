// The running director as commands see it: the engine's figures, put into the file's words. All
// calls come on the control thread.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/event_log.h"
#include "control/explanation.h"
#include "control/kernel_addresses.h"
#include "control/kernel_twins.h"
#include "control/live_changes.h"
#include "control/rates.h"
#include "dataplane/eal.h"

namespace control {

class Director final : public Facts {
 public:
  // Nothing runs yet. `eal_arguments`: the command line's, after the file's own. `monitor` watches
  // the servers' health and outlives the director.
  Director(conf::Config config, std::string config_file, std::vector<std::string> eal_arguments,
           health::Monitor& monitor);

  // Brings everything up; after an error nothing is left running. No fact may be asked for before,
  // and nothing changed.
  std::expected<void, dataplane::StartError> start();

  // Whether one of its devices is gone for good, which has been logged: it can go on no more.
  bool has_lost_device() const { return lost_device_; }
  // Follows the links and the kernel's twins, logs what workers report, ticks the rates, sees off
  // what leaves. To be called again after what it returns, or when `hurry` is called, which happens
  // within a call of something else here.
  std::chrono::milliseconds watch();
  void call_in_a_hurry(std::function<void()> hurry) { running_.hurry = std::move(hurry); }

  Changes& changes() { return changes_; }
  conf::Vips vips() const { return running_.vips; }
  // Whether every worker has turned since this was last asked.
  bool workers_live();

  // What the monitor has to tell.
  void follow_health(const std::vector<health::Change>& changes);
  // Runs the programs that a service has for the change of its quorum; called by watch() and by
  // follow_health().
  void on_quorum(std::function<void(const QuorumChange&)> told) { quorum_told_ = std::move(told); }

  InfoFacts info() override;
  std::vector<ServiceFacts> services() override;
  std::vector<ServiceFacts> leaving_services() override;
  std::vector<InterfaceFacts> interfaces() override;
  std::vector<NeighbourFacts> neighbours() override;
  std::vector<WorkerFacts> workers() override;
  std::vector<DropFacts> drops() override;
  TimeoutFacts timeouts() override;
  HealthFacts health() override;
  nlohmann::json config() override;
  std::expected<ConnectionPage, std::string> connections(const ConnectionQuery& query) override;
  std::expected<Explanation, std::string> explain(const ExplainQuery& query) override;

 private:
  std::expected<void, std::string> start_twins();
  static constexpr std::chrono::milliseconds kWatchPeriod{250};
  void watch_slowly();
  void watch_links();
  void watch_devices();
  void watch_table();
  // What a full table has cost: connections for which there was no room, and those that gave way.
  struct FullTable {
    uint64_t refused = 0;
    uint64_t reclaimed = 0;
    bool operator==(const FullTable&) const = default;
  };
  FullTable full_table() const;
  void watch_kernel();
  void tell_quorums();
  void watch_twins();
  void give_twins_addresses();
  void log_events();
  void tick_rates();
  ServiceFacts facts_of(const conf::ServiceSettings& configured,
                        const Roster::Service& entry) const;
  ServerFacts facts_of(const conf::Server& configured, uint32_t slot) const;
  ServerFacts facts_of(const conf::Server& configured, const Roster::Server& member) const;

  Running running_;
  LiveChanges changes_{running_};
  std::unique_ptr<KernelTwins> twins_;  // where an interface has one
  uint64_t followed_ = 0;               // the publication whose addresses they have
  std::vector<std::string> eal_arguments_;
  std::function<void(const QuorumChange&)> quorum_told_;

  std::chrono::steady_clock::time_point started_{};
  int64_t started_unix_ = 0;
  std::vector<std::optional<bool>> link_up_;  // by interface; not looked at yet
  std::map<const dataplane::Port*, std::optional<lb::MacAddress>> macs_told_;
  bool lost_device_ = false;
  // The publication whose addresses were looked for in the kernel.
  std::optional<uint64_t> compared_;
  std::set<KernelAddress> kernels_told_;
  std::set<std::string> ports_told_;  // as they were put
  FullTable full_told_;               // when that was last told
  std::chrono::steady_clock::time_point next_full_told_{};
  unsigned watches_ = 0;
  std::chrono::steady_clock::time_point next_watch_{};
  std::array<Rate, lb::kDropReasons> drop_rates_;
  std::vector<BusyRatio> busy_;         // by worker
  std::vector<uint64_t> turned_until_;  // by worker: the cycles of its turns, when last looked at
  EventLog events_{[](log::Level level, const std::string& line) { log::emit(level, "{}", line); }};
};

}  // namespace control
