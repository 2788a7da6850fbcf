#include "tools/bench/options.h"

#include <fnmatch.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "control/command_line.h"
#include "dataplane/worker.h"

namespace bench {
namespace {

namespace po = boost::program_options;

constexpr const char* kExplanation = R"(
Runs a worker's own functions (begin, process, housekeep, flush) over prepared packets, on one
core, or two for two workers, and without a NIC.

Inside the clock: everything from a received mbuf to one handed to the port's transmit function,
as the worker's loop does it, burst after burst: parse with the IP checksum verified in software,
service, connection, TCP state, counters, timer wheels, rewrite, Ethernet header, the outbox.
Outside: writing the packets into their mbufs before each pass, checking every packet after it
(addresses, ports, MAC addresses, TTL, lengths, checksums; one that came out wrong or was not sent
ends the run), drivers, mempools, reading the clock (twice a pass), and what other processes take
of the CPU.
The first pass of each sample warms up and is not counted; of up to 131,072 flows, as many as it
takes to have each once: other cases had the caches meanwhile. Writing leaves the headers, the last
to be touched, in L2 with the ring of 1,024 mbufs, in L3 with that of 16,384. There the mbuf
structures are as cold as the headers, where a driver would just have written them: its figures err
on the dear side. Flows come in random order, every flow once before any comes again, so no run of
equal flows helps; cases over the same connections go on where the last one stopped, so none finds
there what another has just fetched. mbufs too are in random order of addresses.

"one by one": the same packets, each processed by itself in the turn that its burst would have had,
so that nothing can be prefetched for one while another is worked on; and rte_hash's single lookup
beside its bulk call. "N services", "N servers": what there is, with connections to all of it.
"frames of N": TCP that carries data, N bytes with Ethernet's check sequence; else TCP packets are
bare ACKs in frames of 64.
"100 changes/s": beside a thread on the second CPU that gives one server of 10,000 after another a
new weight, by control's own code; "at rest": beside an idle one. "change a weight": what that takes
the control thread.

Several workers: "2 workers" are one director's, each on a CPU and over a ring of its own, both
starting together; "1 worker" is the same with one. Here the clock sees whole turns, so the rings
between workers too, whether or not anything is in them; what a worker waits for the other at the
end of a pass is taken off, and a pass in which another process had one of the CPUs is repeated.
Of known connections the figure is the director's: a worker's nanoseconds a packet by the number
of workers. Of new ones it is what each worker pays while both open. With "half handed over" every
second packet, in random order, comes to the worker that does not own it.

Floods: "clients of few CRC32s" are chosen, before the clock starts, so that CRC32 over address and
port would put all into 16 of 65,536 buckets, whatever its seed. "1 has all": one client port has a
connection to each of the services, against "all alike" without it; in the clock are the packets of
others alone.

Cases and baselines take turns: each round times one pass of each. "x swap" is the median over
that of a MAC swap over the same mbufs in the same rounds; "+-" is half the interquartile range of
the ratios taken round by round.

Latency (--latency) is that of known TCP connections in the worker's real loop, on its thread. Packets
come by the time-stamp counter, whether or not the worker is ready, into receive rings of 1,024
descriptors; the time runs from when a packet was to come to when it is handed to the port's transmit
function. Each is checked as above, and one that does not leave in the turn in which it was received
ends the run. Loads are shares of what the worker reached with packets always waiting, just before, in
the same round; "alone" is 100,000 packets a second. "even": evenly spaced, else at random (Poisson).
"through" is a loop that only receives and transmits, with the same arrivals. Its pauses are the
machine's, so packets that met one of over 20 us, in either loop, are told apart. The thread has
real-time priority while a sample lasts, where that is allowed; a sample in which others had the CPU all
the same is repeated, up to 20 times.
For a worker that sleeps (`idle` of the file, after_polls as by default): its share of a CPU without
packets, how long the kernel's nanosleep takes by itself, latency at 2,000 packets a second, and the
step: the highest rate, in % of the reachable one and at most that, at which 16,384 packets come after
nothing, at any moment of the sleep, and none is lost in as many trials as there are rounds. "pause":
the longest turn or sleep in those. A trial that lost packets in a pause beyond sleep_us and 40 us,
or after which less was reached than before it, is repeated, too.
)";

po::options_description description() {
  po::options_description options("Options", 98);
  options.add_options()("latency", "measure latency instead: how long a packet is with the worker")(
      "list", "print the cases and exit")(
      "only", po::value<std::vector<std::string>>()->value_name("PATTERN")->composing(),
      "only cases that match this shell pattern, or contain it; may be repeated")(
      "flows", po::value<std::string>()->value_name("N[,N...]"),
      "numbers of established connections, k and M allowed; new connections use the largest; "
      "default: 1,1k,100k,1M, of latency 1k,100k")(
      "rounds", po::value<uint32_t>()->value_name("N")->default_value(51),
      "samples of each case and baseline")(
      "burst", po::value<uint16_t>()->value_name("N")->default_value(32),
      "packets a burst, up to 64")("cpu", po::value<unsigned>()->value_name("N"),
                                   "CPU to run on; default: the last one allowed")(
      "second-cpu", po::value<unsigned>()->value_name("N"),
      "CPU of the second of two workers; default: the last other one allowed, and where there is "
      "none two workers are left out")(
      "hugepages", "insist on hugepages; default: where enough are free")("no-huge",
                                                                          "use small pages")(
      "json", "one JSON document on standard output, progress on standard error")(
      "help", "print this and exit");
  return options;
}

std::optional<unsigned> last_allowed_cpu(std::optional<unsigned> except = {}) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::optional<unsigned> last;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed) && cpu != except) last = cpu;
  }
  return last;
}

std::expected<std::vector<uint32_t>, std::string> parse_flows(const std::string& text) {
  std::vector<uint32_t> flows;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto count = parse_count(part);
    if (!count || *count == 0) {
      return std::unexpected("--flows: \"" + part + "\" (expected a number from 1 to " +
                             count_text(kMostFlows) + ", such as 100k)");
    }
    flows.push_back(*count);
  }
  if (flows.empty()) return std::unexpected("--flows: no number given");
  std::sort(flows.begin(), flows.end());
  flows.erase(std::unique(flows.begin(), flows.end()), flows.end());
  return flows;
}

std::expected<Options, std::string> read(const po::variables_map& values) {
  Options result;
  if (values.contains("list")) result.action = Options::Action::kList;
  if (values.contains("help")) result.action = Options::Action::kHelp;
  if (values.contains("only")) result.only = values["only"].as<std::vector<std::string>>();
  result.latency = values.contains("latency");
  auto flows = parse_flows(values.contains("flows") ? values["flows"].as<std::string>()
                           : result.latency         ? "1k,100k"
                                                    : "1,1k,100k,1M");
  if (!flows) return std::unexpected(flows.error());
  result.flows = std::move(*flows);
  result.rounds = values["rounds"].as<uint32_t>();
  if (result.rounds == 0) return std::unexpected("--rounds: 0 (expected at least 1)");
  result.burst = values["burst"].as<uint16_t>();
  if (result.burst == 0 || result.burst > dataplane::Worker::kBurst) {
    return std::unexpected("--burst: " + std::to_string(result.burst) + " (expected 1 to " +
                           std::to_string(dataplane::Worker::kBurst) + ")");
  }
  result.cpu =
      values.contains("cpu") ? values["cpu"].as<unsigned>() : last_allowed_cpu().value_or(0);
  result.second_cpu = values.contains("second-cpu") ? values["second-cpu"].as<unsigned>()
                                                    : last_allowed_cpu(result.cpu);
  if (result.second_cpu == result.cpu) {
    return std::unexpected("--second-cpu: " + std::to_string(result.cpu) +
                           " (expected another than --cpu)");
  }
  if (values.contains("hugepages") && values.contains("no-huge")) {
    return std::unexpected("--hugepages and --no-huge exclude each other");
  }
  if (values.contains("hugepages")) result.pages = Pages::kHuge;
  if (values.contains("no-huge")) result.pages = Pages::kSmall;
  result.json = values.contains("json");
  return result;
}

}  // namespace

bool is_wanted(const Options& options, const std::string& name) {
  if (options.only.empty()) return true;
  return std::any_of(options.only.begin(), options.only.end(), [&](const std::string& pattern) {
    return name.find(pattern) != std::string::npos ||
           fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  });
}

std::string usage() {
  std::ostringstream text;
  text << "Usage: lbd-bench [OPTIONS]\n" << kExplanation << '\n' << description();
  return text.str();
}

std::expected<Options, std::string> parse_options(int argc, char** argv) {
  try {
    return read(control::parse_command_line(argc, argv, description()));
  } catch (const po::error& error) {
    return std::unexpected(std::string(error.what()) + " (lbd-bench --help lists the options)");
  }
}

std::optional<uint32_t> parse_count(const std::string& text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || value > kMostFlows) return std::nullopt;
  const std::string suffix(rest, end);
  if (suffix == "k") value *= 1000;
  if (suffix == "M") value *= 1'000'000;
  if ((!suffix.empty() && suffix != "k" && suffix != "M") || value > kMostFlows)
    return std::nullopt;
  return static_cast<uint32_t>(value);
}

std::string count_text(uint64_t count) {
  if (count >= 1'000'000 && count % 1'000'000 == 0) return std::to_string(count / 1'000'000) + "M";
  if (count >= 1000 && count % 1000 == 0) return std::to_string(count / 1000) + "k";
  return std::to_string(count);
}

}  // namespace bench
