#include "control/commands/show_interfaces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "control/human.h"
#include "control/json_text.h"
#include "control/text_table.h"

namespace control::commands {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> to_strings(const std::vector<lb::Prefix>& prefixes) {
  std::vector<std::string> out;
  for (const lb::Prefix& prefix : prefixes) out.push_back(prefix.to_string());
  return out;
}

Json to_json(const InterfaceFacts& interface) {
  Json json = {{"name", interface.name},
               {"devices", interface.devices},
               {"link", interface.link_up ? "up" : "down"},
               {"mac", interface.mac.to_string()},
               {"addresses", to_strings(interface.addresses)},
               {"mtu", interface.mtu},
               {"rx_packets", interface.rx_packets},
               {"rx_bytes", interface.rx_bytes},
               {"rx_missed", interface.rx_missed},
               {"rx_errors", interface.rx_errors},
               {"rx_no_mbuf", interface.rx_no_mbuf},
               {"tx_packets", interface.tx_packets},
               {"tx_bytes", interface.tx_bytes},
               {"tx_errors", interface.tx_errors}};
  if (interface.kernel_interface) {
    json["kernel_interface"] = *interface.kernel_interface;
    json["to_kernel"] = interface.to_kernel;
    json["from_kernel"] = interface.from_kernel;
    json["kernel_dropped"] = interface.kernel_dropped;
  }
  return json;
}

std::string to_text(const std::vector<InterfaceFacts>& interfaces) {
  using enum TextTable::Align;
  TextTable table({{"interface"},
                   {"link"},
                   {"mac"},
                   {"mtu", kRight},
                   {"rx_packets", kRight},
                   {"rx_B", kRight},
                   {"rx_missed", kRight},
                   {"rx_errors", kRight},
                   {"rx_no_mbuf", kRight},
                   {"tx_packets", kRight},
                   {"tx_B", kRight},
                   {"tx_errors", kRight},
                   {"kernel"},
                   {"to_kernel", kRight},
                   {"from_kernel", kRight},
                   {"kernel_dropped", kRight},
                   {"addresses"},
                   {"devices"}});
  for (const InterfaceFacts& interface : interfaces) {
    table.add({interface.name, interface.link_up ? "up" : "down", interface.mac.to_string(),
               fmt::to_string(interface.mtu), fmt::to_string(interface.rx_packets),
               human_number(static_cast<double>(interface.rx_bytes)),
               fmt::to_string(interface.rx_missed), fmt::to_string(interface.rx_errors),
               fmt::to_string(interface.rx_no_mbuf), fmt::to_string(interface.tx_packets),
               human_number(static_cast<double>(interface.tx_bytes)),
               fmt::to_string(interface.tx_errors), interface.kernel_interface.value_or("-"),
               fmt::to_string(interface.to_kernel), fmt::to_string(interface.from_kernel),
               fmt::to_string(interface.kernel_dropped),
               fmt::format("{}", fmt::join(to_strings(interface.addresses), ",")),
               fmt::format("{}", fmt::join(interface.devices, ","))});
  }
  return table.render();
}

}  // namespace

Reply show_interfaces(Facts& facts, const Call& call) {
  const std::vector<InterfaceFacts> interfaces = facts.interfaces();
  if (!call.json) return to_text(interfaces);
  Json list = Json::array();
  for (const InterfaceFacts& interface : interfaces) list.push_back(to_json(interface));
  return json_text({{"interfaces", std::move(list)}});
}

}  // namespace control::commands
