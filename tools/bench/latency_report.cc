#include "tools/bench/latency_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace bench {
namespace {

constexpr double kQuantiles[] = {0.5, 0.99, 0.999};

nlohmann::json quantiles(const Distribution& distribution) {
  return {{"p50", distribution.quantile(0.5)},  {"p90", distribution.quantile(0.9)},
          {"p99", distribution.quantile(0.99)}, {"p99.9", distribution.quantile(0.999)},
          {"max", distribution.quantile(1)},    {"packets", distribution.size()}};
}

nlohmann::json samples_json(const Samples& samples) {
  return {{"ns", quantiles(samples.latency)},
          {"ns_without_pauses", quantiles(samples.calm_latency)},
          {"paused_share", samples.paused_share},
          {"bursts", samples.bursts},
          {"lost", samples.lost},
          {"repeated", samples.repeated},
          {"disturbed", samples.disturbed},
          {"taken_share", samples.taken_share}};
}

std::string in_us(double ns) {
  if (ns == 0) return fmt::format("{:>7}", "-");
  return ns < 99'995 ? fmt::format("{:7.2f}", ns / 1000) : fmt::format("{:7.0f}", ns / 1000);
}

std::string spread(const Distribution& distribution) {
  std::string text;
  for (const double q : kQuantiles) text += in_us(distribution.quantile(q)) + ' ';
  return text + in_us(distribution.quantile(1));
}

std::string tail(const Distribution& distribution) {
  return in_us(distribution.quantile(0.99)) + ' ' + in_us(distribution.quantile(0.999));
}

std::string multiples(const Distribution& director, const Distribution& pass_through) {
  std::string text;
  for (const double q : kQuantiles) {
    text += fmt::format(" {:5.1f}", director.quantile(q) / pass_through.quantile(q));
  }
  return text;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double burst_of(const Samples& samples) {
  return static_cast<double>(samples.packets) /
         static_cast<double>(std::max<uint64_t>(1, samples.bursts));
}

// Samples repeated and, of those kept, disturbed ones.
std::string again(const Samples& samples) {
  return fmt::format("{:4}+{:<3}", samples.repeated, samples.disturbed);
}

}  // namespace

LatencyReport::LatencyReport(const Circumstances& circumstances, std::FILE* out)
    : out_(out), json_(circumstances_json(circumstances)) {
  for (const char* list : {"reachable", "loads", "idle"}) json_[list] = nlohmann::json::array();
  fmt::print(
      out_,
      "lbd-bench --latency: {}\n\n"
      "us from a packet's arrival to transmit; through: a loop that only passes packets on, with "
      "the same arrivals.\n"
      "Without packets that a pause of the machine of over {} us met; \"all\": with them. "
      "paused %: such pauses' share of the\n"
      "time, lbd's and through. again: samples repeated because others had the CPU, + kept "
      "although they had.\n",
      circumstances_text(circumstances), PacedIo::kPauseUs);
  std::fflush(out_);
}

void LatencyReport::begin(Table table) {
  if (table_ == table) return;
  table_ = table;
  if (table == Table::kLoads) {
    fmt::print(out_, "{:<9} {:>6} {:>5} {:>18} {:>31} {:>23} {:>15} {:>15} {:>9} {:>5} {:>8}\n",
               "load", "M/s", "burst", "x through p50 99 .9", "us p50 p99 p99.9 max",
               "through p50 p99 p99.9", "all p99 p99.9", "through all", "paused %", "lost",
               "again");
  } else if (table == Table::kIdle) {
    fmt::print(out_, "{:<9} {:>5} {:>17} {:>31} {:>6} {:>6} {:>8} {:>8} {:>8}\n", "sleep_us",
               "CPU %", "nanosleep p50 p99", "us at 2,000/s p50 p99 p99.9 max", "step %", "M/s",
               "pause us", "again", "latency's");
  }
}

void LatencyReport::add(const Reachable& reachable) {
  table_ = Table::kNone;
  fmt::print(out_, "\n{}, {} flows: {:.2f} M packets/s reachable; passed through {:.2f} M\n",
             reachable.name, count_text(reachable.flows), reachable.director.median() / 1e6,
             reachable.pass_through.median() / 1e6);
  std::fflush(out_);
  json_["reachable"].push_back({{"case", reachable.name},
                                {"flows", reachable.flows},
                                {"packets_per_second", reachable.director.samples()},
                                {"passed_through", reachable.pass_through.samples()}});
}

void LatencyReport::add(const LoadResult& result) {
  begin(Table::kLoads);
  const Samples& director = result.director;
  const Samples& through = result.pass_through;
  fmt::print(out_, "{:<9} {:6.2f} {:5.2f} {:>19} {} {} {} {} {} {:4.1f} {:4.1f} {:5} {}\n",
             result.load, result.rate / 1e6, burst_of(director),
             multiples(director.calm_latency, through.calm_latency), spread(director.calm_latency),
             in_us(through.calm_latency.quantile(0.5)), tail(through.calm_latency),
             tail(director.latency), tail(through.latency), 100 * mean_of(director.paused_share),
             100 * mean_of(through.paused_share), director.lost, again(director));
  std::fflush(out_);
  json_["loads"].push_back({{"case", result.name},
                            {"flows", result.flows},
                            {"load", result.load},
                            {"packets_per_second", result.rate},
                            {"burst", burst_of(result.director)},
                            {"director", samples_json(result.director)},
                            {"pass_through", samples_json(result.pass_through)}});
}

void LatencyReport::add(const IdleResult& result) {
  begin(Table::kIdle);
  fmt::print(out_, "{:<9} {:5.1f} {} {} {} {:6.0f} {:6.2f} {:8.1f} {:4}+{:<3} {}\n",
             result.sleep_us, 100 * result.cpu_share, in_us(result.nanosleep.quantile(0.5)) + "  ",
             in_us(result.nanosleep.quantile(0.99)), spread(result.samples.latency),
             100 * result.step_share, result.step_rate / 1e6, result.longest_us,
             result.step_repeated, result.step_disturbed, again(result.samples));
  std::fflush(out_);
  nlohmann::json entry{{"case", result.name},
                       {"flows", result.flows},
                       {"sleep_us", result.sleep_us},
                       {"cpu_share_without_packets", result.cpu_share},
                       {"packets_per_second", result.rate},
                       {"director", samples_json(result.samples)},
                       {"step",
                        {{"of_reachable", result.step_share},
                         {"packets_per_second", result.step_rate},
                         {"longest_pause_us", result.longest_us},
                         {"repeated", result.step_repeated},
                         {"disturbed", result.step_disturbed}}}};
  if (result.nanosleep.size() > 0) entry["nanosleep_ns"] = quantiles(result.nanosleep);
  json_["idle"].push_back(std::move(entry));
}

}  // namespace bench
