// Steering asked of a port of DPDK.
//
// rte_flow: one rule per destination and two for the rest, each with an RSS action of its own that
// brings key, fields and queues. The list of queues is as long as the common redirection table:
// rte_flow leaves open how a driver lays out a list, and both ways that drivers have, the list as
// it is where its length is a power of two and the list over and over, then give the queues that
// Spread names.
//
// RSS: the port's own hash and redirection table. DPDK lets only drivers that announce SRC_ONLY and
// DST_ONLY hash on one end; others are refused before anything is asked.
#pragma once

#include <rte_ethdev.h>
#include <rte_flow.h>

#include <memory>
#include <optional>
#include <vector>

#include "dataplane/steering.h"

namespace dataplane {

class EthSteering final : public SteeringDevice {
 public:
  // `port`: DPDK's number of a port that is started (drivers take rules only then) and was
  // configured with RTE_ETH_MQ_RX_RSS (DPDK refuses hash and table otherwise). Destroyed before the
  // port is closed; takes its rules along, the port's hash stays.
  explicit EthSteering(uint16_t port) : port_(port) {}

  uint16_t receive_queues() const override;
  uint16_t table_size() const override;
  Result hash_on(PacketEnd end, const Spread& spread) override;
  Result direct(std::span<const SteeringRule> rules, const Spread& spread) override;
  Result release() override;

 private:
  using Key = std::vector<uint8_t>;
  using Table = std::vector<rte_eth_rss_reta_entry64>;

  // What hash_on replaced.
  struct Hash {
    Key key;
    uint64_t types;
    Table table;
  };

  struct DestroyRule {
    uint16_t port;
    void operator()(rte_flow* rule) const { rte_flow_destroy(port, rule, nullptr); }
  };
  using Rule = std::unique_ptr<rte_flow, DestroyRule>;

  rte_eth_dev_info info() const;
  Key key() const;
  std::expected<Hash, std::string> present_hash() const;
  Result set_hash(Key& key, uint64_t types);
  Result set_table(Table& table);
  Result restore_hash();
  std::expected<Rule, std::string> create(const SteeringRule& rule, const Key& key,
                                          const std::vector<uint16_t>& queues);

  uint16_t port_;
  std::optional<Hash> before_;
  std::vector<Rule> rules_;
};

}  // namespace dataplane
