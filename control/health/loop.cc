#include "control/health/loop.h"

#include <sys/resource.h>

#include <deque>
#include <map>

#include "control/health/attempt.h"
#include "control/health/table.h"
#include "control/log.h"

namespace control::health {
namespace {

constexpr std::chrono::minutes kProgramTime{1};
constexpr std::chrono::seconds kLackPause{10};
// Of the time that taking changes took, before the next are handed on.
constexpr int kBreath = 4;

Monitor::Make maker(boost::asio::io_context& io) {
  // The configuration's validation knows the same table.
  return
      [&io](const conf::HealthCheck& check) { return find(check.type)->make(io, check.options); };
}

}  // namespace

class Loop::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(boost::asio::io_context& io)
      : io_(io), due_timer_(io), delivery_timer_(io), monitor_(maker(io), {}) {}

  void start() {
    monitor_.on_news([this] { look(); });
  }
  void stop() {
    take_ = nullptr;
    monitor_.on_news(nullptr);
    stopped_ = true;
    due_timer_.cancel();
    delivery_timer_.cancel();
    programs_.clear();
    waiting_.clear();
  }

  Monitor& monitor() { return monitor_; }
  void deliver_to(std::function<void(const std::vector<Change>&)> take) { take_ = std::move(take); }
  void run_program(const std::string& lane, const std::string& name, Program program);

 private:
  using Error = boost::system::error_code;
  struct Lane {
    std::unique_ptr<Probe> probe;  // of the program that runs
    std::string name;              // its
    std::optional<std::pair<std::string, Program>> next;
  };
  // A switch that fails may cost thousands of services their quorum.
  static constexpr size_t kPrograms = 128;

  void tell_of_lack();
  void look();
  void deliver();
  void start_programs();
  void start_program(const std::string& lane);

  boost::asio::io_context& io_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer delivery_timer_;
  Monitor monitor_;
  std::function<void(const std::vector<Change>&)> take_;
  std::map<std::string, Lane> programs_;  // that run or wait
  std::deque<std::string> waiting_;       // lanes
  size_t running_ = 0;
  Monitor::Time rested_{};  // when the next delivery may come
  Monitor::Time lack_told_ = std::chrono::steady_clock::now() - kLackPause;
  bool delivery_waits_ = false;
  bool stopped_ = false;
};

// Servers stay what they are meanwhile, and nobody else would tell.
void Loop::Impl::tell_of_lack() {
  const auto lack = monitor_.take_lack();
  const auto now = std::chrono::steady_clock::now();
  if (!lack || now < lack_told_ + kLackPause) return;
  lack_told_ = now;
  log::error("servers go unchecked for want of resources: {}", *lack);
}

// Arms the timers for what the monitor says now.
void Loop::Impl::look() {
  if (stopped_) return;
  tell_of_lack();
  if (const auto next = monitor_.next(); next && due_timer_.expiry() != *next) {
    due_timer_.expires_at(*next);
    due_timer_.async_wait([self = shared_from_this(), this](Error error) {
      if (error || stopped_) return;
      monitor_.run();
      look();
    });
  }
  if (!monitor_.has_changes() || delivery_waits_) return;
  delivery_waits_ = true;
  delivery_timer_.expires_at(std::max(rested_, std::chrono::steady_clock::now()));
  delivery_timer_.async_wait([self = shared_from_this(), this](Error error) {
    if (!error && !stopped_) deliver();
  });
}

void Loop::Impl::deliver() {
  delivery_waits_ = false;
  const auto began = std::chrono::steady_clock::now();
  if (take_) take_(monitor_.take_changes());
  const auto ended = std::chrono::steady_clock::now();
  rested_ = ended + kBreath * (ended - began);
  look();
}

void Loop::Impl::run_program(const std::string& name_of_lane, const std::string& name,
                             Program program) {
  const auto [place, fresh] = programs_.try_emplace(name_of_lane);
  Lane& lane = place->second;
  if (lane.probe && lane.name == name) {
    lane.next.reset();
    return;
  }
  lane.next.emplace(name, std::move(program));
  if (!fresh) return;
  waiting_.push_back(name_of_lane);
  start_programs();
}

void Loop::Impl::start_programs() {
  for (; running_ < kPrograms && !waiting_.empty(); waiting_.pop_front()) {
    start_program(waiting_.front());
  }
}

void Loop::Impl::start_program(const std::string& name_of_lane) {
  Lane& lane = programs_.at(name_of_lane);
  const auto [name, program] = *std::exchange(lane.next, std::nullopt);
  lane.name = name;
  ++running_;
  lane.probe = run(io_, program, kProgramTime, [this, name_of_lane, name](Result result) {
    if (!result.passed) log::error("{}: {}", name, result.reason);
    --running_;
    const auto ended = programs_.find(name_of_lane);
    if (ended->second.next) {
      ended->second.probe.reset();
      waiting_.push_back(name_of_lane);
    } else {
      programs_.erase(ended);
    }
    start_programs();
  });
}

Loop::Loop(boost::asio::io_context& io) : impl_(std::make_shared<Impl>(io)) { impl_->start(); }
Loop::~Loop() { impl_->stop(); }
Monitor& Loop::monitor() { return impl_->monitor(); }
void Loop::deliver_to(std::function<void(const std::vector<Change>&)> take) {
  impl_->deliver_to(std::move(take));
}
void Loop::run_program(const std::string& lane, const std::string& name, Program program) {
  impl_->run_program(lane, name, std::move(program));
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace control::health
