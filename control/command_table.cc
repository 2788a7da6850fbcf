#include "control/command_table.h"

#include <array>

#include "control/commands/add_server.h"
#include "control/commands/add_service.h"
#include "control/commands/clear_counters.h"
#include "control/commands/delete_server.h"
#include "control/commands/delete_service.h"
#include "control/commands/explain.h"
#include "control/commands/help.h"
#include "control/commands/ipvsadm.h"
#include "control/commands/plan.h"
#include "control/commands/reload.h"
#include "control/commands/save.h"
#include "control/commands/set_server.h"
#include "control/commands/set_service.h"
#include "control/commands/set_vips.h"
#include "control/commands/show_config.h"
#include "control/commands/show_connections.h"
#include "control/commands/show_drops.h"
#include "control/commands/show_health.h"
#include "control/commands/show_info.h"
#include "control/commands/show_interfaces.h"
#include "control/commands/show_metrics.h"
#include "control/commands/show_neighbours.h"
#include "control/commands/show_services.h"
#include "control/commands/show_workers.h"

namespace control {
namespace {

using commands::kHelp, commands::kExplain, commands::kAddService, commands::kDeleteService,
    commands::kSetService, commands::kAddServer, commands::kDeleteServer, commands::kSetServer,
    commands::kSetVips, commands::kClearCounters, commands::kReload, commands::kPlan,
    commands::kSave, commands::kIpvsadm, commands::kShowConfig, commands::kShowConnections,
    commands::kShowDrops, commands::kShowHealth, commands::kShowInfo, commands::kShowInterfaces,
    commands::kShowMetrics, commands::kShowNeighbours, commands::kShowServices,
    commands::kShowWorkers;

// Every command there is, in the order in which `help` prints them.
constexpr std::array kCommands{
    kHelp,             // help
    kShowInfo,         // show info
    kShowServices,     // show services
    kShowHealth,       // show health
    kShowConnections,  // show connections
    kShowInterfaces,   // show interfaces
    kShowNeighbours,   // show neighbours
    kShowWorkers,      // show workers
    kShowDrops,        // show drops
    kShowConfig,       // show config
    kShowMetrics,      // show metrics
    kExplain,          // explain
    kAddService,       // add service
    kDeleteService,    // delete service
    kSetService,       // set service
    kAddServer,        // add server
    kDeleteServer,     // delete server
    kSetServer,        // set server
    kSetVips,          // set vips
    kClearCounters,    // clear counters
    kReload,           // reload
    kPlan,             // plan
    kSave,             // save
    kIpvsadm,          // ipvsadm
};

}  // namespace

std::span<const Command> command_table() { return kCommands; }

}  // namespace control
