#include "control/health/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace control::health {
namespace {

using std::chrono::milliseconds;

// Starts that lie so near to each other share a wake-up.
constexpr milliseconds kTogether{4};

lb::Endpoint target_of(const conf::HealthCheck& check, const lb::Endpoint& server) {
  return {check.address.value_or(server.address), check.port != 0 ? check.port : server.port};
}

}  // namespace

// One way of checking, for any number of targets.
struct Monitor::Kind {
  conf::HealthCheck config;
  std::unique_ptr<Check> check;
};

// One target that is checked in one way, whichever servers of which services that stands for.
struct Monitor::Task {
  std::shared_ptr<Kind> kind;
  lb::Endpoint target;
  struct User {
    bool paused = false;
    // It has come from another check that said otherwise, which holds until this one has said what
    // it says as often in a row as a change takes.
    bool differs = false;
    uint32_t against = 0;  // so often it has
  };
  std::map<std::pair<ServiceKey, lb::Endpoint>, User> users;
  bool up = true;
  uint32_t passes = 0, failures = 0;  // in a row
  uint64_t passes_total = 0, failures_total = 0;
  std::optional<Result> last;
  Time last_ended{};
  Time::duration last_took{};
  std::deque<CheckEvent> history;  // the newest first
  std::optional<Time> due;
  std::unique_ptr<Probe> probe;  // under way; gone before the kind's check

  bool active() const {
    return std::ranges::any_of(users, [](const auto& user) { return !user.second.paused; });
  }
  bool says_up_to(const ServiceKey& service, const lb::Endpoint& server) const {
    return up != users.at({service, server}).differs;
  }
};

Monitor::Monitor(Make make, Clock clock) : make_(std::move(make)), clock_(std::move(clock)) {}

Monitor::~Monitor() = default;

std::shared_ptr<Monitor::Kind> Monitor::kind_of(const conf::HealthCheck& check) {
  std::weak_ptr<Kind>& known = kinds_[check];
  std::shared_ptr<Kind> kind = known.lock();
  if (!kind) {
    kind = std::make_shared<Kind>(Kind{check, make_(check)});
    known = kind;
  }
  return kind;
}

// `before`: how the same server was checked until now, or nullptr; `was_up`: what it said.
std::shared_ptr<Monitor::Task> Monitor::task_of(const std::shared_ptr<Kind>& kind,
                                                const lb::Endpoint& target, const Task* before,
                                                bool was_up) {
  std::weak_ptr<Task>& known = tasks_[{kind.get(), target}];
  std::shared_ptr<Task> task = known.lock();
  if (task) return task;
  task = std::make_shared<Task>();
  known = task;
  task->kind = kind;
  task->target = target;
  task->up = !kind->config.start_down;
  if (before == nullptr) return task;
  task->up = was_up;
  task->history = before->history;
  task->last = before->last;
  task->last_took = before->last_took;
  task->last_ended = before->last_ended;
  return task;
}

void Monitor::follow(const conf::Service& service) {
  const ServiceKey key = key_of(service);
  Members& members = members_[key];
  Members before = std::exchange(members, {});
  std::shared_ptr<Kind> shared;  // of servers without a check of their own
  for (const conf::Server& server : service.servers) {
    const conf::HealthCheck* check = service.check_of(server);
    if (check == nullptr) continue;
    std::shared_ptr<Kind> kind;
    if (server.health_check) {
      kind = kind_of(*check);
    } else {
      if (!shared) shared = kind_of(*check);
      kind = shared;
    }
    const auto old = before.find(server.address);
    const Task* old_task = old == before.end() ? nullptr : old->second.task.get();
    const bool was_up = old_task != nullptr && old_task->says_up_to(key, server.address);
    Member& member = members[server.address];
    member.task = task_of(kind, target_of(*check, server.address), old_task, was_up);
    member.paused = server.state == conf::ServerState::kMaint;
    Task::User& user = member.task->users[{key, server.address}];
    user.paused = member.paused;
    // A service that changes often must not make what a server has shown so far begin anew.
    if (member.task.get() != old_task) {
      user.differs = old_task != nullptr && was_up != member.task->up;
      user.against = 0;
    }
    wake_or_rest(*member.task);
  }
  for (auto& [address, member] : before) {
    const auto now = members.find(address);
    if (now == members.end() || now->second.task != member.task) part(key, address, member);
  }
  if (members.empty()) members_.erase(key);
  drop_unused();
}

void Monitor::forget(const ServiceKey& service) {
  const auto found = members_.find(service);
  if (found == members_.end()) return;
  for (auto& [address, member] : found->second) part(service, address, member);
  members_.erase(found);
  drop_unused();
}

// Not each time: of thousands of services each looks here when a file is reloaded.
void Monitor::drop_unused() {
  if (tasks_.size() + kinds_.size() < drop_at_) return;
  std::erase_if(tasks_, [](const auto& entry) { return entry.second.expired(); });
  std::erase_if(kinds_, [](const auto& entry) { return entry.second.expired(); });
  drop_at_ = 2 * (tasks_.size() + kinds_.size()) + kFewUnused;
}

void Monitor::part(const ServiceKey& key, const lb::Endpoint& server, Member& member) {
  member.task->users.erase({key, server});
  wake_or_rest(*member.task);
  member.task.reset();
}

// Scheduled exactly while somebody wants to know.
void Monitor::wake_or_rest(Task& task) {
  if (!task.active()) {
    unschedule(task);
    task.probe.reset();
    task.passes = task.failures = 0;
  } else if (!task.due && !task.probe) {
    schedule(task, first_start(task.kind->config));
  }
}

// Evenly over the interval, whatever number of tasks it will be: multiples of the golden section.
Monitor::Time Monitor::first_start(const conf::HealthCheck& check) {
  constexpr double kGolden = 0.6180339887498949;
  spread_ = std::fmod(spread_ + kGolden, 1.0);
  return clock_.now() +
         std::chrono::duration_cast<Time::duration>(milliseconds(check.interval_ms) * spread_);
}

void Monitor::schedule(Task& task, Time when) {
  task.due = when;
  due_.emplace(when, &task);
  if (due_.begin()->second == &task && news_) news_();
}

void Monitor::unschedule(Task& task) {
  if (!task.due) return;
  due_.erase({*task.due, &task});
  task.due.reset();
}

std::optional<Monitor::Time> Monitor::next() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void Monitor::run() {
  const Time now = clock_.now();
  while (!due_.empty() && due_.begin()->first <= now + kTogether) start(*due_.begin()->second, now);
}

void Monitor::start(Task& task, Time now) {
  const Time due = *task.due;
  unschedule(task);
  task.probe = task.kind->check->start(task.target, milliseconds(task.kind->config.timeout_ms),
                                       [this, &task, due, now](Result result) {
                                         finish(task, std::move(result), now);
                                         // The next one in its turn; at once when that has passed,
                                         // for a check took so long.
                                         const Time next =
                                             due + milliseconds(task.kind->config.interval_ms);
                                         schedule(task, std::max(next, clock_.now()));
                                       });
}

void Monitor::finish(Task& task, Result result, Time started) {
  task.probe.reset();
  task.last_ended = clock_.now();
  task.last_took = task.last_ended - started;
  if (result.undecided) {
    lack_ = fmt::format("{}: {}", task.target.to_string(), result.reason);
    task.last = std::move(result);
    return;
  }
  task.passes = result.passed ? task.passes + 1 : 0;
  task.failures = result.passed ? 0 : task.failures + 1;
  ++(result.passed ? task.passes_total : task.failures_total);
  task.last = std::move(result);
  const conf::HealthCheck& config = task.kind->config;
  if (task.up && task.failures >= config.fall) turn(task, false);
  if (!task.up && task.passes >= config.rise) turn(task, true);
  settle(task);
}

// Whoever has come from a check that said otherwise believes this one in the end.
void Monitor::settle(Task& task) {
  const conf::HealthCheck& config = task.kind->config;
  for (auto& [server, user] : task.users) {
    if (!user.differs) continue;
    user.against = task.last->passed == task.up ? user.against + 1 : 0;
    if (user.against < (task.up ? config.rise : config.fall)) continue;
    user.differs = false;
    if (!user.paused) tell(server, task.up, task.last->reason);
  }
}

void Monitor::turn(Task& task, bool up) {
  task.up = up;
  task.history.push_front({clock_.wall(), up, task.last->reason});
  if (task.history.size() > kHistory) task.history.pop_back();
  for (auto& [server, user] : task.users) {
    const bool is_told = std::exchange(user.differs, false);
    if (!is_told && !user.paused) tell(server, up, task.last->reason);
  }
}

void Monitor::tell(const std::pair<ServiceKey, lb::Endpoint>& server, bool up,
                   const std::string& reason) {
  changes_.push_back({server.first, server.second, up ? Health::kUp : Health::kDown, reason});
  if (changes_.size() == 1 && news_) news_();
}

Health Monitor::health(const ServiceKey& service, const lb::Endpoint& server) const {
  const auto members = members_.find(service);
  if (members == members_.end()) return Health::kUnchecked;
  const auto found = members->second.find(server);
  if (found == members->second.end() || found->second.paused) return Health::kUnchecked;
  return found->second.task->says_up_to(service, server) ? Health::kUp : Health::kDown;
}

std::vector<CheckFacts> Monitor::facts() const {
  std::vector<CheckFacts> result;
  const Time now = clock_.now();
  const auto seconds = [](Time::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  for (const auto& [key, weak] : tasks_) {
    const std::shared_ptr<Task> task = weak.lock();
    if (!task) continue;
    CheckFacts& facts = result.emplace_back();
    facts.target = task->target;
    facts.check = task->kind->config;
    facts.up = task->up;
    facts.paused = !task->active();
    facts.passes = task->passes;
    facts.failures = task->failures;
    facts.passes_total = task->passes_total;
    facts.failures_total = task->failures_total;
    if (task->last) {
      facts.last = CheckFacts::Last{task->last->passed, task->last->reason,
                                    seconds(task->last_took), seconds(now - task->last_ended)};
    }
    facts.history.assign(task->history.begin(), task->history.end());
    for (const auto& [server, user] : task->users) {
      facts.servers.push_back({server.first.protocol, server.first.address, "", server.second});
    }
  }
  std::ranges::sort(result, [](const CheckFacts& one, const CheckFacts& other) {
    return std::tie(one.target, one.check) < std::tie(other.target, other.check);
  });
  return result;
}

}  // namespace control::health
