#include "tools/bench/known.h"

namespace bench {
namespace {

const std::string kOneByOne = ", one by one";

template <class T, class Make>
std::function<std::shared_ptr<T>(Lab&)> shared(Make make) {
  return [make, made = std::make_shared<std::weak_ptr<T>>()](Lab& lab) {
    std::shared_ptr<T> result = made->lock();
    if (result == nullptr) *made = result = make(lab);
    return result;
  };
}

}  // namespace

std::function<std::shared_ptr<KnownFlows>(Lab&)> shared_flows(const WorldConfig& config,
                                                              uint32_t flows) {
  return shared<KnownFlows>([=](Lab& lab) {
    return std::make_shared<KnownFlows>(config, flows, lab.ring(kRing), lab.burst());
  });
}

CaseSpec established(const std::string& name, const WorldConfig& config, uint32_t flows) {
  return {name, flows, kRing, "packet", [=, world = shared_flows(config, flows)](Lab& lab) {
            return std::make_unique<Established>(world(lab), Towards::kServer, lab.ring(kRing));
          }};
}

Known::Known(std::string name, const WorldConfig& config, uint32_t flows)
    : name_(std::move(name)),
      is_nat_(config.method == "nat"),
      flows_(flows),
      world_(shared_flows(config, flows)),
      keys_(shared<KnownKeys>([=](Lab&) { return std::make_shared<KnownKeys>(flows); })) {}

CaseSpec Known::packets(const std::string& suffix, uint32_t ring, Towards towards,
                        Intake intake) const {
  return {name_ + suffix, flows_, ring, "packet", [=, world = world_](Lab& lab) {
            return std::make_unique<Established>(world(lab), towards, lab.ring(ring), intake);
          }};
}

CaseSpec Known::lookups(const std::string& suffix, Intake intake) const {
  return {"rte_hash lookup" + suffix, flows_, 0, "key",
          [=, keys = keys_](Lab& lab) { return std::make_unique<HashLookup>(keys(lab), intake); }};
}

Group Known::group(std::initializer_list<uint32_t> rings) const {
  Group group;
  for (const uint32_t ring : rings) {
    group.cases.push_back(packets(kToServer, ring, Towards::kServer));
    if (!is_nat_) continue;
    group.cases.push_back(packets(kToClient, ring, Towards::kClient));
    group.cases.push_back(
        {name_ + " mean", flows_, ring, "packet", {}, {name_ + kToServer, name_ + kToClient}});
  }
  group.hash = lookups("", Intake::kBursts);
  return group;
}

void Known::add_one_by_one(Group& group) const {
  const auto add = [&](CaseSpec spec, const std::string& comparison, const std::string& bursts) {
    group.comparisons.push_back({comparison, Comparison::Kind::kRatio, spec.name, bursts, 1, {}});
    group.cases.push_back(std::move(spec));
  };
  add(packets(kOneByOne, kRing, Towards::kServer, Intake::kOneByOne),
      "the path takes times as long one by one", name_ + kToServer);
  add(lookups(kOneByOne, Intake::kOneByOne), "rte_hash takes times as long one by one",
      group.hash.name);
}

}  // namespace bench
