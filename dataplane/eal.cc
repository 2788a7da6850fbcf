#include "dataplane/eal.h"

#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "dataplane/machine_memory.h"
#include "dataplane/memory.h"
#include "dataplane/xdp_log.h"

namespace dataplane {
namespace {

LogSink g_sink = nullptr;
std::mutex g_last_error_mutex;
std::string g_last_error;
std::string g_error_before;

// DPDK writes to a stream, a line at a time as a rule.
ssize_t take_log(void*, const char* bytes, size_t size) {
  static thread_local std::string pending;
  pending.append(bytes, size);
  for (size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
    const std::string line = pending.substr(0, end);
    pending.erase(0, end + 1);
    if (line.empty()) continue;
    const int level = std::max(0, rte_log_cur_msg_loglevel() - 1);
    if (level <= LOG_ERR) {
      const std::lock_guard lock(g_last_error_mutex);
      g_error_before = std::exchange(g_last_error, line);
    }
    if (g_sink != nullptr) g_sink(level, line);
  }
  return static_cast<ssize_t>(size);
}

void capture_log(LogSink sink) {
  g_sink = sink;
  cookie_io_functions_t functions{};
  functions.write = take_log;
  FILE* stream = fopencookie(nullptr, "w", functions);
  if (stream == nullptr) return;
  setvbuf(stream, nullptr, _IOLBF, 0);
  rte_openlog_stream(stream);
}

bool mentions(const std::vector<std::string>& arguments,
              std::initializer_list<std::string_view> names) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      // "--name", "--name=value", and of one letter "-x" and "-xvalue".
      if (argument == name || argument.starts_with(std::string(name) + "=")) return true;
      return name.size() == 2 && argument.starts_with(name);
    });
  });
}

bool is_pci_address(std::string_view device) {
  // [domain:]bus:device.function in hex, e.g. 0000:3b:00.1
  const size_t dot = device.rfind('.');
  return dot != std::string_view::npos && dot + 2 == device.size() &&
         std::count(device.begin(), device.end(), ':') >= 1 &&
         device.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

// The devices that a vdev's arguments name as its own:
// "--vdev=net_bonding0,mode=4,slave=0000:3b:00.0".
void add_slaves(std::string_view argument, std::vector<std::string>& devices) {
  constexpr std::string_view kSlave = ",slave=";
  for (size_t at = argument.find(kSlave); at != argument.npos; at = argument.find(kSlave, at)) {
    at += kSlave.size();
    devices.emplace_back(argument.substr(at, argument.find(',', at) - at));
  }
}

// The value of an option that may be written as "-l 0,1", "-l0,1", "--lcores 0,1" or
// "--lcores=0,1".
std::optional<std::string> value_of(const std::vector<std::string>& arguments,
                                    const std::string& option) {
  const bool is_long = option.starts_with("--");
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == option) return i + 1 < arguments.size() ? arguments[i + 1] : "";
    const std::string prefix = is_long ? option + "=" : option;
    if (argument.starts_with(prefix) && (is_long || !argument.starts_with("--"))) {
      return argument.substr(prefix.size());
    }
  }
  return std::nullopt;
}

// "0,2-5": 5.
size_t count_of_list(const std::string& list) {
  size_t count = 0;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) {
    unsigned first = 0;
    unsigned last = 0;
    const int read = std::sscanf(item.c_str(), "%u-%u", &first, &last);
    if (read == 2 && last >= first) count += last - first;
    count += read >= 1;
  }
  return count;
}

// "0@0,(1-3)@1,4": 5. What stands behind an @ are CPUs.
size_t count_of_lcores(const std::string& text) {
  std::string lcores;
  bool cpus = false;
  int depth = 0;
  for (const char c : text) {
    depth += (c == '(') - (c == ')');
    if (c == '@') cpus = true;
    if (c == ',' && depth == 0) cpus = false;
    if (!cpus && c != '(' && c != ')') lcores += c;
  }
  return count_of_list(lcores);
}

size_t count_of_mask(const std::string& mask) {
  return static_cast<size_t>(std::popcount(std::strtoull(mask.c_str(), nullptr, 16)));
}

std::string no_hugepages(size_t needed, size_t free) {
  return "lbd needs " + std::to_string(megabytes(needed)) + " MB of hugepages and " +
         std::to_string(free >> 20) + " MB are free: echo " +
         std::to_string(megabytes(needed) / 2 + 1) +
         " > /proc/sys/vm/nr_hugepages, or lower connections.capacity and mbufs, or add "
         "\"--no-huge\" to \"eal\"";
}

std::string no_memory(size_t needed, size_t available) {
  return "lbd needs " + std::to_string(megabytes(needed)) + " MB of memory and " +
         std::to_string(available >> 20) + " MB are available: lower connections.capacity or mbufs";
}

// Why the tables and buffers find no room, if they do not. Without pages that were set aside the
// kernel promises any amount, and ends a process that takes what it has not.
std::optional<std::string> why_no_room(const EalRequest& request, bool hugepages) {
  if (hugepages) {
    const size_t free = free_hugepage_bytes();
    return free < request.bytes ? std::optional(no_hugepages(request.bytes, free)) : std::nullopt;
  }
  const auto available = available_memory("/proc", "/sys/fs/cgroup");
  if (!available || *available >= request.least_bytes) return std::nullopt;
  return no_memory(request.least_bytes, *available);
}

// EAL ends with a line about what it could not do, behind that about what was wrong. With an option
// that it does not know, there is none before: that has been told on standard error.
std::string why_not_started(int error) {
  const std::lock_guard lock(g_last_error_mutex);
  const std::string& line = g_error_before.empty() ? g_last_error : g_error_before;
  return line.empty() ? rte_strerror(error) : line;
}

// EAL prints its options, a hundred lines, on standard output when one is wrong. The error that
// matters is one line of the log.
class SilentOutput {
 public:
  SilentOutput() : saved_(dup(STDOUT_FILENO)) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    std::fflush(stdout);
    if (null >= 0 && saved_ >= 0) dup2(null, STDOUT_FILENO);
    if (null >= 0) close(null);
  }
  SilentOutput(SilentOutput&&) = delete;
  ~SilentOutput() {
    std::fflush(stdout);
    if (saved_ < 0) return;
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

}  // namespace

std::vector<std::string> complete_arguments(const EalRequest& request) {
  std::vector<std::string> arguments = request.arguments;
  if (mentions(arguments, {"--no-huge"})) {
    if (!mentions(arguments, {"--no-shconf"})) arguments.emplace_back("--no-shconf");
    if (!mentions(arguments, {"-m", "--socket-mem"})) {
      arguments.emplace_back("-m");
      arguments.push_back(std::to_string(megabytes(request.bytes - request.table_bytes)));
    }
  } else if (!mentions(arguments, {"--in-memory", "--legacy-mem"})) {
    arguments.emplace_back("--in-memory");
  }
  if (!mentions(arguments, {"--no-pci", "-a", "--allow", "-b", "--block"})) {
    std::vector<std::string> devices = request.devices;
    for (const std::string& argument : request.arguments) add_slaves(argument, devices);
    bool any = false;
    for (const std::string& device : devices) {
      if (!is_pci_address(device)) continue;
      arguments.emplace_back("-a");
      arguments.push_back(device);
      any = true;
    }
    if (!any) arguments.emplace_back("--no-pci");
  }
  return arguments;
}

uint16_t count_workers(const std::vector<std::string>& arguments) {
  size_t lcores = std::thread::hardware_concurrency();
  if (const auto list = value_of(arguments, "-l")) {
    lcores = count_of_list(*list);
  } else if (const auto map = value_of(arguments, "--lcores")) {
    lcores = count_of_lcores(*map);
  } else if (const auto mask = value_of(arguments, "-c")) {
    lcores = count_of_mask(*mask);
  }
  if (lcores == 1) return 0;
  return static_cast<uint16_t>(std::clamp<size_t>(lcores, 2, RTE_MAX_LCORE) - 1);
}

std::expected<Eal, StartError> Eal::start(const EalRequest& request) {
  std::vector<std::string> arguments = complete_arguments(request);
  const bool hugepages = !mentions(arguments, {"--no-huge"});
  if (const auto why = why_no_room(request, hugepages)) return std::unexpected(*why);
  capture_log(request.log);
  capture_xdp_log(request.log);
  arguments.insert(arguments.begin(), "lbd");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  // EAL's threads inherit the mask: signals are the control thread's, and no worker is interrupted.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::optional<SilentOutput> silent;
  if (!mentions(arguments, {"-h", "--help"})) silent.emplace();
  const int taken = rte_eal_init(static_cast<int>(arguments.size()), argv.data());
  const int error = rte_errno;
  silent.reset();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (taken < 0) {
    const std::string why = why_not_started(error);
    return std::unexpected(StartError(
        "DPDK did not start with the arguments in \"eal\" or behind --: " + why, error == EINVAL));
  }
  Eal eal;
  eal.running_ = true;
  // What is no option getopt has moved to the end, where EAL leaves it to others.
  if (const auto left = static_cast<size_t>(taken) + 1; left < arguments.size()) {
    eal.abandon();
    return std::unexpected(
        StartError(std::string("the arguments in \"eal\" or behind --: found \"") + argv[left] +
                       "\", expected options of DPDK's",
                   true));
  }
  unsigned lcore;
  RTE_LCORE_FOREACH_WORKER(lcore) { eal.worker_lcores_.push_back(lcore); }
  if (eal.worker_lcores_.empty()) {
    eal.abandon();
    return std::unexpected(StartError(std::string(kNoWorker), true));
  }
  return eal;
}

Eal::Eal(Eal&& other) noexcept
    : running_(std::exchange(other.running_, false)),
      worker_lcores_(std::move(other.worker_lcores_)) {}

Eal::~Eal() {
  if (running_) rte_eal_cleanup();
}

int Eal::socket_of(unsigned lcore) { return static_cast<int>(rte_lcore_to_socket_id(lcore)); }

std::string Eal::cpus_of(unsigned lcore) {
  const rte_cpuset_t cpus = rte_lcore_cpuset(lcore);
  std::string text;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &cpus)) continue;
    int last = cpu;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &cpus)) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(cpu);
    if (last > cpu) text.append("-").append(std::to_string(last));
    cpu = last;
  }
  return text;
}

bool Eal::shares_cpu(unsigned lcore) {
  const rte_cpuset_t own = rte_lcore_cpuset(lcore);
  unsigned other;
  RTE_LCORE_FOREACH(other) {
    if (other == lcore) continue;
    const rte_cpuset_t cpus = rte_lcore_cpuset(other);
    rte_cpuset_t both;
    CPU_AND(&both, &own, &cpus);
    if (CPU_COUNT(&both) > 0) return true;
  }
  return false;
}

bool Eal::has_hugepages() { return rte_eal_has_hugepages() != 0; }

std::string Eal::last_error() {
  const std::lock_guard lock(g_last_error_mutex);
  return g_last_error;
}

}  // namespace dataplane
