#include "tools/bench/scale.h"

#include <algorithm>
#include <iterator>

#include "tools/bench/known.h"
#include "tools/bench/reconfiguring.h"

namespace bench {
namespace {

// Every service and every server has some of them.
constexpr uint32_t kScaleFlows = 10'000;
constexpr uint32_t kScales[] = {1, 1000, 10'000};
constexpr uint32_t kFewServers = 10;
constexpr uint32_t kManyServers = 10'000;
constexpr uint16_t kFrames[] = {64, 512, 1500};
constexpr uint32_t kFrameFlows = 1000;

std::string some(uint32_t count, const std::string& what) {
  return count_text(count) + ' ' + what + (count == 1 ? "" : "s");
}

// The last case of a group against the first.
void expect_no_dearer(Group& group, const std::string& what) {
  group.comparisons.push_back({what, Comparison::Kind::kRatio, group.cases.back().name,
                               group.cases.front().name, 1, "1.0"});
}

// The last world against the first.
Group services_scale(const std::string& method) {
  Group group;
  std::vector<std::string> names;
  for (const uint32_t services : kScales) {
    names.push_back(method + " tcp (" + some(services, "service") + ')');
    const Known known(names.back(), {.method = method, .services = services}, kScaleFlows);
    Group one = known.group({kRing});
    std::ranges::move(one.cases, std::back_inserter(group.cases));
    group.hash = std::move(one.hash);
  }
  const auto compare = [&](const std::string& direction) {
    group.comparisons.push_back({"10k services cost times 1 service", Comparison::Kind::kRatio,
                                 names.back() + direction, names.front() + direction, 1, "1.0"});
  };
  compare(kToServer);
  if (method == "nat") compare(kToClient);
  return group;
}

Group servers_scale(const std::string& method) {
  Group group;
  for (const uint32_t servers : {kFewServers, kScales[1], kScales[2]}) {
    group.cases.push_back(established(method + " tcp (" + some(servers, "server") + ')',
                                      {.method = method, .servers = servers}, kScaleFlows));
  }
  expect_no_dearer(group, "10k servers cost times 10 servers");
  return group;
}

Group frames_scale(const std::string& method) {
  Group group;
  for (const uint16_t bytes : kFrames) {
    group.cases.push_back(established(method + " tcp, frames of " + std::to_string(bytes),
                                      {.method = method, .frame_bytes = bytes}, kFrameFlows));
  }
  expect_no_dearer(group, "1,500 bytes cost times 64 bytes");
  return group;
}

// A service's weights changed by control while its packets pass, and what a change takes.
Group under_changes(const std::string& method) {
  const WorldConfig config{.method = method, .scheduler = "wlc", .servers = kManyServers};
  const auto world = shared_flows(config, kScaleFlows);
  Group group;
  const auto add = [&](const std::string& suffix, uint32_t changes_a_second) {
    group.cases.push_back(
        {method + " tcp (10k servers), " + suffix, kScaleFlows, kRing, "packet", [=](Lab& lab) {
           return std::make_unique<Reconfigured>(world(lab), changes_a_second, lab.team(),
                                                 lab.ring(kRing));
         }});
  };
  add("at rest", 0);
  add(std::to_string(kChangesASecond) + " changes/s", kChangesASecond);
  group.comparisons.push_back({"packet rate with changes : without", Comparison::Kind::kRatio,
                               group.cases[0].name, group.cases[1].name, 1, "within noise (1.0)"});
  return group;
}

Group changes() {
  Group group;
  for (const char* scheduler : {"wlc", "rr", "wrr", "mh"}) {
    const WorldConfig config{
        .scheduler = scheduler, .servers = kManyServers, .capacity = kScaleFlows};
    group.cases.push_back(
        {std::string("change a weight, ") + scheduler + " 10k servers", 0, 0, "change",
         [=](Lab& lab) { return std::make_unique<Change>(config, lab.burst()); }});
  }
  return group;
}

}  // namespace

void add_scales(std::vector<Group>& groups, const Options& options) {
  for (const char* method : {"dr", "nat"}) {
    groups.push_back(services_scale(method));
    groups.push_back(servers_scale(method));
    groups.push_back(frames_scale(method));
    if (options.second_cpu) groups.push_back(under_changes(method));
  }
  groups.push_back(changes());
}

}  // namespace bench
