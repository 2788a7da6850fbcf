// What changes of the configuration cost: the packets that pass meanwhile, and the control thread.
// They are made by control's own code, as `lbctl set server … weight` has them made.
#pragma once

#include <memory>

#include "control/live_changes.h"
#include "tools/bench/established.h"
#include "tools/bench/team.h"

namespace bench {

inline constexpr uint32_t kChangesASecond = 100;

// The first service of a world, as the control thread holds it. Every call from one thread at a
// time, which stands for the control thread; workers may turn meanwhile.
class ControlledService final : private control::Publisher {
 public:
  // The world outlives this.
  explicit ControlledService(World& world);

  // Gives a server another weight, the next one of them each time, and publishes that.
  void change_weight();
  // Throws Failure unless workers are given the service with the weights of the last changes and
  // everything else as at first.
  void require_published() const;

 private:
  const control::Snapshot& snapshot() const override { return world_.publication().current(); }
  uint64_t publications() const override { return publications_; }
  uint64_t publish(std::unique_ptr<const control::Snapshot> next) override;
  uint64_t settled() override;
  lb::HashKey key() const override { return world_.key(); }
  void forget_turns(uint32_t service_slot) override { world_.forget_turns(service_slot); }
  scheduler::ServerLoad load(uint32_t server_slot) const override;

  World& world_;
  std::shared_ptr<const dataplane::VirtualService<lb::V4>> first_;
  uint64_t publications_ = 0;
  control::Running running_;
  control::LiveChanges changes_{running_};
  size_t next_ = 0;  // of the servers
};

// Per packet of known connections, while a thread on the second CPU makes so many changes a second,
// or keeps that CPU busy with nothing. A sample lasts until kChanges have been made, and is
// repeated if that was late. The clock sees all the turns that adopt a new configuration, but not
// the writing and checking of packets between passes, while changes go on: it sees more changes to
// a second than there are.
class Reconfigured final : public Case {
 public:
  Reconfigured(std::shared_ptr<KnownFlows> flows, uint32_t changes_a_second, Team& team,
               Ring& ring);
  double sample() override;
  // At which rate changes were made.
  std::string remark() const override;

 private:
  static constexpr uint32_t kChanges = 10;
  static constexpr double kSeconds = double{kChanges} / kChangesASecond;

  // Nanoseconds per packet; `seconds`: what the changes took.
  double packets_while_changing(double& seconds);
  double change_all();

  std::shared_ptr<KnownFlows> flows_;
  Established packets_;
  ControlledService service_;
  uint32_t changes_a_second_;
  Team& team_;
  uint32_t samples_ = 0;
  double seconds_ = 0;  // of all samples
};

// Per change: all that the control thread does for it, the freeing of what was before included.
class Change final : public Case {
 public:
  Change(const WorldConfig& config, uint16_t burst);
  double sample() override;

 private:
  World world_;
  ControlledService service_;
};

}  // namespace bench
