#include "control/health/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "control/health/attempt.h"

#include <boost/asio/posix/stream_descriptor.hpp>

extern char** environ;

namespace control::health {
namespace {

// For posix_spawn: what the child is to be like.
class Spawning {
 public:
  explicit Spawning(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    // Devices' and sockets' of ours are none of its business.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  // 0, or an errno.
  int spawn(const Program& program, pid_t& pid) {
    std::vector<char*> argv, environment;
    std::vector<std::string> own;
    for (const std::string& word : program.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (const auto& [name, value] : program.environment) own.push_back(name + '=' + value);
    for (std::string& entry : own) environment.push_back(entry.data());
    // Of two with one name, the first is found.
    for (char** inherited = environ; *inherited != nullptr; ++inherited) {
      environment.push_back(*inherited);
    }
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    return posix_spawnp(&pid, argv.front(), &actions_, &attributes_, argv.data(),
                        environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

class ProcessAttempt final : public Attempt {
 public:
  ProcessAttempt(boost::asio::io_context& io, const Program& program, Done done)
      : Attempt(io, std::move(done)), program_(program), output_(io), end_(io) {}

 private:
  void begin() override {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_to_start(errno);
    output_.assign(ends[0]);
    // A program that writes expects to wait.
    fcntl(ends[1], F_SETFL, 0);
    const int error = Spawning(ends[1]).spawn(program_, pid_);
    ::close(ends[1]);
    if (error != 0) {
      pid_ = 0;
      return fail_to_start(error);
    }
    // Becomes readable when the process has ended.
    const long descriptor = syscall(SYS_pidfd_open, pid_, 0);
    if (descriptor < 0) {
      const int why = errno;
      kill(-pid_, SIGKILL);
      waitpid(std::exchange(pid_, 0), nullptr, 0);
      return fail_to_start(why);
    }
    end_.assign(static_cast<int>(descriptor));
    await_end();
    read();
  }

  void fail_to_start(int error) {
    std::string text =
        fmt::format("{}: cannot be started: {}", program_.argv.front(), std::strerror(error));
    is_own_lack(error) ? give_up(std::move(text)) : fail_whole(std::move(text));
  }

  void await_end() {
    end_.async_wait(end_.wait_read, [self = shared_from_this(), this](Error error) {
      if (error || ended()) return;
      siginfo_t info{};
      if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        pid_ = 0;
        return fail_whole(fmt::format("its end was not told: {}", std::strerror(errno)));
      }
      if (info.si_pid == 0) return await_end();  // told of another descriptor, see reap
      // Its children, while its number is still taken.
      kill(-pid_, SIGKILL);
      waitpid(std::exchange(pid_, 0), nullptr, WNOHANG);
      take_rest();
      conclude(info);
    });
  }

  void conclude(const siginfo_t& info) {
    const std::string said = first_line();
    if (info.si_code == CLD_EXITED && info.si_status == 0) {
      return pass(said.empty() ? "exit status 0" : said);
    }
    std::string text =
        fmt::format("{} {}", info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status);
    if (!said.empty()) text += ": " + said;
    fail_whole(std::move(text));
  }

  // A program whose output nobody takes would wait for ever.
  void read() {
    output_.async_read_some(boost::asio::buffer(chunk_),
                            [self = shared_from_this(), this](Error error, size_t size) {
                              if (ended()) return;
                              keep(size);
                              if (!error) read();
                            });
  }

  void take_rest() {
    const ssize_t size = ::read(output_.native_handle(), chunk_.data(), chunk_.size());
    if (size > 0) keep(static_cast<size_t>(size));
  }

  void keep(size_t size) {
    said_.append(chunk_.data(), std::min(size, kKept - std::min(kKept, said_.size())));
  }

  std::string first_line() const { return said_.substr(0, said_.find('\n')); }

  Result expired() const override {
    Result result = Attempt::expired();
    result.reason.erase(0, 2);  // of no phase
    if (const std::string said = first_line(); !said.empty()) result.reason += ": " + said;
    return result;
  }

  void close() override {
    Error ignored;
    output_.close(ignored);
    if (pid_ == 0) return end_.close(ignored), void();
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);  // it may have left its group
    if (!end_.is_open()) return;
    // One that waits for a disk dies when the disk has answered: nobody here waits for that.
    end_.cancel(ignored);
    reap();
  }

  // Asio's wait may end too soon: where several descriptors are ready and the first one's handler
  // closes others, a new one may be told what was theirs to hear.
  void reap() {
    end_.async_wait(end_.wait_read, [self = shared_from_this(), this](Error) {
      if (waitpid(pid_, nullptr, WNOHANG) == 0) reap();
    });
  }

  static constexpr size_t kKept = 200;

  Program program_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::posix::stream_descriptor end_;
  pid_t pid_ = 0;  // of one that has not been waited for
  std::array<char, 4096> chunk_;
  std::string said_;
};

}  // namespace

std::unique_ptr<Probe> run(boost::asio::io_context& io, const Program& program,
                           std::chrono::milliseconds timeout, Done done) {
  return Attempt::launch(std::make_shared<ProcessAttempt>(io, program, std::move(done)), timeout);
}

}  // namespace control::health
