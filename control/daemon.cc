#include "control/daemon.h"

#include <fmt/format.h>
#include <grp.h>

#include <utility>
// Boost 1.74's Asio uses std::exchange without including it.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <exception>
#include <optional>

#include "control/buffer_count.h"
#include "control/command_table.h"
#include "control/director.h"
#include "control/health/loop.h"
#include "control/interpreter.h"
#include "control/kernel_ports.h"
#include "control/log.h"
#include "control/metrics.h"
#include "control/metrics_server.h"
#include "control/notify.h"
#include "control/openmetrics.h"
#include "control/socket_server.h"
#include "dataplane/eal.h"

namespace control {
namespace {

std::optional<gid_t> group_of(const std::string& name) {
  const group* found = getgrnam(name.c_str());
  return found != nullptr ? std::optional(found->gr_gid) : std::nullopt;
}

std::optional<std::string> why_no_group(const conf::Config& config) {
  for (size_t i = 0; i < config.control.sockets.size(); ++i) {
    const std::string& name = config.control.sockets[i].group;
    if (name.empty() || group_of(name)) continue;
    return fmt::format("/control/sockets/{}/group: found \"{}\", expected a group of this machine",
                       i, name);
  }
  return std::nullopt;
}

std::vector<SocketOptions> socket_options(const conf::Config& config) {
  std::vector<SocketOptions> sockets;
  for (const conf::Socket& socket : config.control.sockets) {
    sockets.push_back({socket.path,
                       socket.level == conf::Level::kAdmin ? Level::kAdmin : Level::kRead,
                       static_cast<mode_t>(socket.mode),
                       socket.group.empty() ? std::nullopt : group_of(socket.group)});
  }
  return sockets;
}

std::string status_of(Director& director) {
  const bool active = director.vips() == conf::Vips::kActive;
  return active ? "forwarding" : "standby: the VIPs are another director's";
}

void reload(Director& director) {
  notify::reloading();
  const auto lines = director.changes().reload();
  notify::ready(status_of(director));
  if (!lines) {
    log::error("SIGHUP: {}", lines.error().text);
    return;
  }
  log::notice("SIGHUP: reloaded, {} change{}", lines->size(), lines->size() == 1 ? "" : "s");
}

// What systemd hears of besides: whose the VIPs are, and that all of lbd lives.
class Supervised {
 public:
  explicit Supervised(Director& director) : director_(director), status_(status_of(director)) {}

  void watch() {
    std::string status = status_of(director_);
    if (status != status_) notify::status(status);
    status_ = std::move(status);
    const auto now = std::chrono::steady_clock::now();
    if (now < next_ || !director_.workers_live()) return;
    next_ = now + notify::alive();
  }

 private:
  Director& director_;
  std::string status_;
  std::chrono::steady_clock::time_point next_{};
};

void watch_after(std::chrono::milliseconds pause, boost::asio::io_context& io,
                 boost::asio::steady_timer& timer, Director& director, Supervised& supervised) {
  timer.expires_after(pause);
  timer.async_wait([&](const boost::system::error_code& error) {
    if (error) return;
    // Should this time end in an exception, the next comes all the same.
    watch_after(std::chrono::seconds(1), io, timer, director, supervised);
    watch_after(director.watch(), io, timer, director, supervised);
    supervised.watch();
    if (director.has_lost_device()) io.stop();
  });
}

void await_signal(boost::asio::signal_set& signals, boost::asio::io_context& io,
                  Director& director) {
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      reload(director);
      await_signal(signals, io, director);
      return;
    }
    log::notice("{}: ending", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    io.stop();
  });
}

// Whether the kernel has the address by lbd's twins, so that it can be listened on only when these
// stand.
bool comes_with_twins(const conf::Config& config, const lb::IpAddress& address) {
  return config.interface_with(address) != nullptr ||
         std::ranges::any_of(config.services, [&](const conf::Service& service) {
           return service.address.address == address;
         });
}

// The service's own program for what has become of its quorum.
void run_quorum_program(health::Loop& checks, const QuorumChange& change) {
  const conf::ServiceSettings& service = change.service;
  const auto& argv = change.present ? service.quorum_up : service.quorum_down;
  if (argv.empty()) return;
  const std::string name =
      fmt::format("quorum_{} of {}", change.present ? "up" : "down", service.name);
  checks.run_program(service.derived_name(), name,
                     {argv,
                      {{"LBD_SERVICE", service.name},
                       {"LBD_PROTOCOL", std::string(lb::to_string(service.protocol))},
                       {"LBD_ADDRESS", service.address.address.to_string()},
                       {"LBD_PORT", std::to_string(service.address.port)},
                       {"LBD_QUORUM", change.present ? "up" : "down"},
                       {"LBD_LIVE_WEIGHT", std::to_string(change.weight)}}});
}

// What nobody thought of ends one handler, and not the director.
void run_on(boost::asio::io_context& io) {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      log::error("a defect of lbd: {}", error.what());
    }
  }
}

}  // namespace

std::optional<std::string> why_unfit(const conf::Config& config,
                                     const std::vector<std::string>& eal_arguments) {
  std::vector<std::string> arguments = config.eal;
  arguments.insert(arguments.end(), eal_arguments.begin(), eal_arguments.end());
  const dataplane::WorkerNumber workers = dataplane::count_workers(arguments);
  if (workers == 0) return std::string(dataplane::kNoWorker);
  if (auto why = why_no_group(config)) return why;
  if (auto why = why_too_large(config)) return why;
  if (auto why = why_too_few_buffers(config, workers)) return why;
  return why_ports_collide(config);
}

int run_daemon(conf::Config config, const std::string& config_file,
               const std::vector<std::string>& eal_arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  // By habit sent to daemons that write to files, as a request to open these anew.
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);
  // Inherited as ignored, it would keep the ends of programs from us.
  std::signal(SIGCHLD, SIG_DFL);
  boost::asio::io_context io;
  // Before EAL, which takes a while: a signal meanwhile ends lbd in good order.
  boost::asio::signal_set signals(io, SIGTERM, SIGINT, SIGHUP);

  const std::vector<SocketOptions> sockets = socket_options(config);
  const std::optional<lb::Endpoint> metrics_address = config.control.metrics;
  const bool waits_for_twins =
      metrics_address && comes_with_twins(config, metrics_address->address);
  health::raise_file_limit();
  health::Loop checks(io);
  Director director(std::move(config), config_file, eal_arguments, checks.monitor());
  await_signal(signals, io, director);
  const Interpreter interpreter(command_table(), director, &director.changes());
  // Before the devices: a second lbd must not touch those of the first.
  auto server = SocketServer::start(io, sockets, interpreter);
  if (!server) {
    log::error("{}", server.error());
    return 1;
  }
  std::optional<MetricsServer> metrics_server;
  const auto listen_for_metrics = [&] {
    auto metrics = MetricsServer::start(io, *metrics_address, [&](MetricsFormat format) {
      return metrics_text(metric_families(director), format);
    });
    if (metrics) {
      metrics_server.emplace(std::move(*metrics));
    } else {
      log::error("{}", metrics.error());
    }
    return metrics.has_value();
  };
  // Nor must one that cannot start take the VIPs from who has them.
  if (metrics_address && !waits_for_twins && !listen_for_metrics()) return 1;
  if (const auto started = director.start(); !started) {
    log::error("{}", started.error().text);
    return started.error().wrong_settings ? 2 : 1;
  }
  if (metrics_address && !metrics_server && !listen_for_metrics()) return 1;
  checks.deliver_to(
      [&](const std::vector<health::Change>& changes) { director.follow_health(changes); });
  director.on_quorum([&](const QuorumChange& change) { run_quorum_program(checks, change); });
  boost::asio::steady_timer watch_timer(io);
  Supervised supervised(director);
  const auto watch_now = [&] {
    watch_after(std::chrono::milliseconds{0}, io, watch_timer, director, supervised);
  };
  watch_now();
  director.call_in_a_hurry(watch_now);
  notify::ready(status_of(director));
  log::notice("lbd {} is ready", LBD_VERSION);
  run_on(io);
  notify::stopping();
  return director.has_lost_device() ? 1 : 0;
}

}  // namespace control
