// Who is asked when, and what the answers mean: fall and rise, one check per distinct target for
// all servers that name it, history. No clock and no sockets of its own. The control thread's.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "control/changes.h"
#include "control/endpoint_hash.h"
#include "control/facts.h"
#include "control/health/check.h"
#include "control/health/health.h"

namespace control::health {

// A server of a service is up or down from now on.
struct Change {
  ServiceKey service;
  lb::Endpoint server;
  Health health = Health::kUp;
  std::string reason;  // what the last check said
};

class Monitor {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Make = std::function<std::unique_ptr<Check>(const conf::HealthCheck&)>;
  struct Clock {
    std::function<Time()> now = std::chrono::steady_clock::now;
    std::function<std::chrono::system_clock::time_point()> wall = std::chrono::system_clock::now;
  };

  explicit Monitor(Make make, Clock clock);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor();

  // From now on the service's servers are these, and checked as it says. What is known of a server
  // stays as long as it stays, also where it is checked in another way or, in maintenance, not at
  // all for a while. Nothing of this is a Change: ask health() afterwards.
  void follow(const conf::Service& service);
  void forget(const ServiceKey& service);

  // Unchecked: no check is made, or the server is in maintenance, or nobody knows it.
  Health health(const ServiceKey& service, const lb::Endpoint& server) const;

  // Starts what is due, and what is in the next few milliseconds so that many share one wake-up.
  void run();
  // When run() must be called again; nothing: not before follow().
  std::optional<Time> next() const;
  // What has happened since the last call.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  bool has_changes() const { return !changes_.empty(); }
  // Why lbd could not ask somebody since the last call, if so.
  std::optional<std::string> take_lack() { return std::exchange(lack_, std::nullopt); }
  // Called when next() has come nearer, or the first change has happened.
  void on_news(std::function<void()> news) { news_ = std::move(news); }

  // Every check, in the order of targets.
  std::vector<CheckFacts> facts() const;

  static constexpr size_t kHistory = 16;  // changes that are remembered of each check

 private:
  struct Kind;
  struct Task;
  struct Member {
    std::shared_ptr<Task> task;
    bool paused = false;
  };
  using Members = std::unordered_map<lb::Endpoint, Member, EndpointHash>;
  // Tasks by their kind and target.
  using TaskKey = std::pair<const Kind*, lb::Endpoint>;

  std::shared_ptr<Kind> kind_of(const conf::HealthCheck& check);
  std::shared_ptr<Task> task_of(const std::shared_ptr<Kind>& kind, const lb::Endpoint& target,
                                const Task* before, bool was_up);
  void drop_unused();
  void part(const ServiceKey& key, const lb::Endpoint& server, Member& member);
  void wake_or_rest(Task& task);
  void schedule(Task& task, Time when);
  void unschedule(Task& task);
  void start(Task& task, Time now);
  void finish(Task& task, Result result, Time started);
  void turn(Task& task, bool up);
  void settle(Task& task);
  void tell(const std::pair<ServiceKey, lb::Endpoint>& server, bool up, const std::string& reason);
  Time first_start(const conf::HealthCheck& check);

  Make make_;
  Clock clock_;
  std::function<void()> news_;
  static constexpr size_t kFewUnused = 64;
  // Some of them nobody uses any more, at most about as many as are in use.
  std::map<conf::HealthCheck, std::weak_ptr<Kind>> kinds_;
  std::map<TaskKey, std::weak_ptr<Task>> tasks_;
  size_t drop_at_ = kFewUnused;
  std::map<ServiceKey, Members> members_;
  std::set<std::pair<Time, Task*>> due_;
  std::optional<std::string> lack_;
  std::vector<Change> changes_;
  double spread_ = 0;  // where in the first interval the next new task begins, 0 to 1
};

}  // namespace control::health
