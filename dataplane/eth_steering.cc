#include "dataplane/eth_steering.h"

#include <rte_errno.h>

#include <array>
#include <cerrno>

namespace dataplane {
namespace {

constexpr uint8_t kUsualKeySize = 40;

uint64_t rss_types(lb::Protocol protocol, PacketEnd end) {
  const uint64_t fields = end == PacketEnd::kSource
                              ? RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY
                              : RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_DST_ONLY;
  return fields | (protocol == lb::Protocol::kTcp ? RTE_ETH_RSS_NONFRAG_IPV4_TCP
                                                  : RTE_ETH_RSS_NONFRAG_IPV4_UDP);
}

std::unexpected<std::string> refused(const char* what, int error) {
  return std::unexpected(std::string(what) + ": " + rte_strerror(-error));
}

std::string describe(const SteeringRule& rule) {
  std::string text = "a rule for " + std::string(to_string(rule.protocol));
  if (rule.to) text += " to " + lb::IpAddress(*rule.to).to_string();
  if (rule.to_port) text.append(":").append(std::to_string(rule.to_port->value()));
  return text;
}

// A table of `size` entries with all of them marked as asked for or to be set.
std::vector<rte_eth_rss_reta_entry64> whole_table(uint16_t size) {
  constexpr uint16_t kGroup = RTE_ETH_RETA_GROUP_SIZE;
  std::vector<rte_eth_rss_reta_entry64> table((size + kGroup - 1u) / kGroup);
  for (uint16_t i = 0; i < size; ++i) table[i / kGroup].mask |= UINT64_C(1) << i % kGroup;
  return table;
}

}  // namespace

rte_eth_dev_info EthSteering::info() const {
  rte_eth_dev_info info{};
  rte_eth_dev_info_get(port_, &info);  // zeros, so no queues and no table, if it fails
  return info;
}

uint16_t EthSteering::receive_queues() const { return info().nb_rx_queues; }

uint16_t EthSteering::table_size() const { return info().reta_size; }

// A driver takes no other length than its own; those that name none have the usual one.
EthSteering::Key EthSteering::key() const {
  const uint8_t size = info().hash_key_size;
  Key key(size == 0 ? kUsualKeySize : size);
  for (size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<uint8_t>(OwnerFunction::kToeplitzKey >> (i % 2 == 0 ? 8 : 0));
  }
  return key;
}

SteeringDevice::Result EthSteering::hash_on(PacketEnd end, const Spread& spread) {
  const uint64_t types = rss_types(lb::Protocol::kTcp, end) | rss_types(lb::Protocol::kUdp, end);
  if ((types & ~info().flow_type_rss_offloads) != 0) {
    return std::unexpected("its driver cannot hash TCP and UDP on one end alone");
  }
  if (!before_) {
    auto before = present_hash();
    if (!before) return std::unexpected(before.error());
    before_ = std::move(*before);
  }
  const uint16_t size = table_size();
  Table table = whole_table(size);
  for (uint16_t i = 0; i < size; ++i) {
    table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = spread.queue_of(i);
  }
  Key wanted = key();
  Result result = set_table(table);
  if (result) result = set_hash(wanted, types);
  // The reason of the refusal says more than that of an undoing that failed too.
  if (!result) restore_hash();
  return result;
}

// What cannot be read cannot be put back, so such a device is not asked.
std::expected<EthSteering::Hash, std::string> EthSteering::present_hash() const {
  Hash hash{Key(key().size()), 0, whole_table(table_size())};
  rte_eth_rss_conf conf{hash.key.data(), static_cast<uint8_t>(hash.key.size()), 0};
  int error = rte_eth_dev_rss_hash_conf_get(port_, &conf);
  if (error != 0) return refused("its hash cannot be read", error);
  hash.types = conf.rss_hf;
  error = rte_eth_dev_rss_reta_query(port_, hash.table.data(), table_size());
  if (error != 0) return refused("its redirection table cannot be read", error);
  return hash;
}

SteeringDevice::Result EthSteering::set_hash(Key& key, uint64_t types) {
  rte_eth_rss_conf conf{key.data(), static_cast<uint8_t>(key.size()), types};
  const int error = rte_eth_dev_rss_hash_update(port_, &conf);
  if (error != 0) return refused("its hash cannot be set", error);
  return {};
}

SteeringDevice::Result EthSteering::set_table(Table& table) {
  const int error = rte_eth_dev_rss_reta_update(port_, table.data(), table_size());
  if (error != 0) return refused("its redirection table cannot be set", error);
  return {};
}

SteeringDevice::Result EthSteering::direct(std::span<const SteeringRule> rules,
                                           const Spread& spread) {
  rules_.clear();
  const Key hash_key = key();
  std::vector<uint16_t> queues(spread.table_size);
  for (uint16_t i = 0; i < spread.table_size; ++i) queues[i] = spread.queue_of(i);

  std::vector<Rule> created;
  for (const SteeringRule& rule : rules) {
    auto next = create(rule, hash_key, queues);
    if (!next) return std::unexpected(next.error());
    created.push_back(std::move(*next));
  }
  rules_ = std::move(created);
  return {};
}

std::expected<EthSteering::Rule, std::string> EthSteering::create(
    const SteeringRule& rule, const Key& key, const std::vector<uint16_t>& queues) {
  rte_flow_item_ipv4 address{};
  rte_flow_item_ipv4 address_mask{};
  if (rule.to) {
    address.hdr.dst_addr = rule.to->bits.raw();
    address_mask.hdr.dst_addr = UINT32_MAX;
  }
  const bool tcp = rule.protocol == lb::Protocol::kTcp;
  rte_flow_item_tcp tcp_port{};
  rte_flow_item_tcp tcp_mask{};
  rte_flow_item_udp udp_port{};
  rte_flow_item_udp udp_mask{};
  if (rule.to_port) {
    tcp_port.hdr.dst_port = udp_port.hdr.dst_port = rule.to_port->raw();
    tcp_mask.hdr.dst_port = udp_mask.hdr.dst_port = UINT16_MAX;
  }
  std::array<rte_flow_item, 4> pattern{};
  pattern[0].type = RTE_FLOW_ITEM_TYPE_ETH;
  pattern[1].type = RTE_FLOW_ITEM_TYPE_IPV4;
  if (rule.to) {
    pattern[1].spec = &address;
    pattern[1].mask = &address_mask;
  }
  pattern[2].type = tcp ? RTE_FLOW_ITEM_TYPE_TCP : RTE_FLOW_ITEM_TYPE_UDP;
  if (rule.to_port) {
    pattern[2].spec = tcp ? static_cast<const void*>(&tcp_port) : &udp_port;
    pattern[2].mask = tcp ? static_cast<const void*>(&tcp_mask) : &udp_mask;
  }
  pattern[3].type = RTE_FLOW_ITEM_TYPE_END;

  rte_flow_action_rss rss{};
  rss.func = RTE_ETH_HASH_FUNCTION_TOEPLITZ;
  rss.key = key.data();
  rss.key_len = static_cast<uint32_t>(key.size());
  rss.queue = queues.data();
  rss.queue_num = static_cast<uint32_t>(queues.size());
  std::array<rte_flow_action, 2> actions{};
  actions[0].type = RTE_FLOW_ACTION_TYPE_RSS;
  actions[0].conf = &rss;
  actions[1].type = RTE_FLOW_ACTION_TYPE_END;

  rte_flow_attr attributes{};
  attributes.ingress = 1;
  attributes.priority = rule.priority;
  rte_flow_error error{};
  // mlx5 takes one end of the address only where IPv4 is hashed as such, too.
  for (const uint64_t besides : {uint64_t{0}, RTE_ETH_RSS_IPV4}) {
    rss.types = rss_types(rule.protocol, rule.hashed) | besides;
    rte_flow* flow = rte_flow_create(port_, &attributes, pattern.data(), actions.data(), &error);
    if (flow != nullptr) return Rule(flow, DestroyRule{port_});
  }
  const int code = rte_errno;
  if (code == ENOSYS) return std::unexpected("its driver has none");
  return std::unexpected(describe(rule) + ": " +
                         (error.message != nullptr ? error.message : rte_strerror(code)));
}

SteeringDevice::Result EthSteering::release() {
  Result result;
  for (Rule& rule : rules_) {
    rte_flow_error error{};
    if (rte_flow_destroy(port_, rule.release(), &error) == 0 || !result) continue;
    result = std::unexpected(
        "a rule cannot be removed: " +
        std::string(error.message != nullptr ? error.message : rte_strerror(rte_errno)));
  }
  rules_.clear();
  const Result restored = restore_hash();
  return result ? restored : result;
}

SteeringDevice::Result EthSteering::restore_hash() {
  if (!before_) return {};
  const Result table = set_table(before_->table);
  const Result hash = set_hash(before_->key, before_->types);
  before_.reset();
  return table ? hash : table;
}

}  // namespace dataplane
