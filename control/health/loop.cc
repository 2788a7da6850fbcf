#include "control/health/loop.h"

#include <sys/resource.h>

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
  }

  Monitor& monitor() { return monitor_; }
  void deliver_to(std::function<void(const std::vector<Change>&)> take) { take_ = std::move(take); }
  void run_program(const std::string& lane, const std::string& name, Program program);

 private:
  using Error = boost::system::error_code;
  struct Running {
    std::unique_ptr<Probe> probe;
    std::optional<std::pair<std::string, Program>> next;
  };

  void tell_of_lack();
  void look();
  void deliver();
  void start_program(const std::string& lane, const std::string& name, const Program& program);

  boost::asio::io_context& io_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer delivery_timer_;
  Monitor monitor_;
  std::function<void(const std::vector<Change>&)> take_;
  std::map<std::string, Running> programs_;
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

void Loop::Impl::run_program(const std::string& lane, const std::string& name, Program program) {
  const auto found = programs_.find(lane);
  if (found != programs_.end()) {
    found->second.next.emplace(name, std::move(program));
  } else {
    start_program(lane, name, program);
  }
}

void Loop::Impl::start_program(const std::string& lane, const std::string& name,
                               const Program& program) {
  Running& running = programs_[lane];
  running.probe = run(io_, program, kProgramTime, [this, lane, name](Result result) {
    if (!result.passed) log::error("{}: {}", name, result.reason);
    const auto found = programs_.find(lane);
    const auto next = std::move(found->second.next);
    programs_.erase(found);
    if (next) start_program(lane, next->first, next->second);
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
