// DPDK's environment, started once per process.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dataplane {

// Levels of syslog(3), as DPDK counts them less one.
using LogSink = void (*)(int syslog_level, std::string_view line);

struct EalRequest {
  std::vector<std::string> arguments;  // the file's `eal`, then the command line's
  std::vector<std::string> devices;  // PCI addresses among them are allowed, all others not probed
  size_t bytes = 0;                  // that tables and buffers will take at most
  size_t least_bytes = 0;            // and at least
  size_t table_bytes = 0;            // of both, the tables': see Memory
  LogSink log = nullptr;             // any thread may call it
};

// The arguments as EAL gets them: the request's, and what they leave open (DESIGN.md, `eal`).
std::vector<std::string> complete_arguments(const EalRequest& request);

// Worker lcores that EAL will have by these arguments (-l, --lcores, -c; else one lcore a CPU), to
// size memory before it starts; 0: all there is is the control thread's. Where they are wrong, 1:
// EAL will say so.
uint16_t count_workers(const std::vector<std::string>& arguments);
inline constexpr std::string_view kNoWorker =
    "no lcore is left for a worker: \"eal\" must give at least two, e.g. \"-l\", \"0,1\" (the "
    "first "
    "is the control thread's), or on one CPU \"--lcores\", \"0@0,1@0\"";

// Why something did not start: one line that says what to do.
struct StartError {
  // NOLINTNEXTLINE(google-explicit-constructor): most errors are no more than their text
  StartError(std::string why, bool wrong = false) : text(std::move(why)), wrong_settings(wrong) {}
  std::string text;
  bool wrong_settings;  // the configuration or the arguments, whatever the machine has
};

class Eal {
 public:
  static std::expected<Eal, StartError> start(const EalRequest& request);
  Eal(Eal&& other) noexcept;
  Eal& operator=(Eal&&) = delete;
  ~Eal();
  // Leaves DPDK as it is at the end of the process. After a start that failed: cleaning up closes
  // every device, and closing a net_af_xdp device takes away the XDP program of the process that
  // has it.
  void abandon() { running_ = false; }

  // Lcores besides the main one, which is the control thread's. Not empty.
  const std::vector<unsigned>& worker_lcores() const { return worker_lcores_; }
  // The NUMA node of an lcore's CPUs.
  static int socket_of(unsigned lcore);
  // "0" or "0,2-3": the CPUs that an lcore may run on.
  static std::string cpus_of(unsigned lcore);
  // Whether another lcore, the main one included, may run on one of this one's CPUs.
  static bool shares_cpu(unsigned lcore);
  static bool has_hugepages();
  // The latest line that DPDK logged as an error, for messages about what failed after start.
  static std::string last_error();

 private:
  Eal() = default;
  bool running_ = false;
  std::vector<unsigned> worker_lcores_;
};

}  // namespace dataplane
