// The replayed director as commands see it, so that their tables serve replay too. Rates are means
// over the replayed time.
#pragma once

#include "control/explanation.h"
#include "control/inspect.h"
#include "tools/replay/run.h"

namespace replay {

class Facts final : public control::Facts {
 public:
  // The run must outlive this.
  Facts(Run& run, std::string config_file) : run_(run), config_file_(std::move(config_file)) {}

  control::InfoFacts info() override;
  std::vector<control::ServiceFacts> services() override;
  control::HealthFacts health() override;
  std::vector<control::InterfaceFacts> interfaces() override;
  std::vector<control::NeighbourFacts> neighbours() override;
  std::vector<control::WorkerFacts> workers() override;
  std::vector<control::DropFacts> drops() override;
  control::TimeoutFacts timeouts() override;
  nlohmann::json config() override;
  std::expected<control::ConnectionPage, std::string> connections(
      const control::ConnectionQuery& query) override;
  std::expected<control::Explanation, std::string> explain(
      const control::ExplainQuery& query) override;

 private:
  control::Rates rates_of(const control::Traffic& totals) const;
  control::Wait turn_while_asked();

  Run& run_;
  std::string config_file_;
};

}  // namespace replay
