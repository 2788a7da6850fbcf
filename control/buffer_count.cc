#include "control/buffer_count.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/buffer_pool.h"
#include "dataplane/mesh.h"
#include "dataplane/ports.h"

namespace control {
namespace {

// What a queue takes before a single packet has come: its descriptors, or what net_af_xdp keeps.
constexpr uint32_t kLeastBuffersPerQueue = 2048;
// Per queue: descriptors both ways, and what net_af_xdp keeps besides.
constexpr uint32_t kBuffersPerQueue = 2 * (kLeastBuffersPerQueue + dataplane::Port::kDescriptors);
// Per worker: packets that wait for a next hop or their other fragments, bursts under way, its
// cache.
constexpr uint32_t kBuffersPerWorker = 8192;
// Rings between workers do not all fill at once where there are many.
constexpr uint32_t kMostBuffersInRings = 65536;

uint32_t queues_for(const conf::Config& config, dataplane::WorkerNumber workers) {
  uint32_t queues = 0;
  for (const std::string& device : all_devices(config)) {
    queues += dataplane::Port::likely_queues(device, workers);
  }
  return queues;
}

uint32_t ample_buffers(const conf::Config& config, dataplane::WorkerNumber workers) {
  const uint32_t rings = uint32_t{workers} * (workers - 1u) * dataplane::Mesh::kRingSize;
  return workers * kBuffersPerWorker + queues_for(config, workers) * kBuffersPerQueue +
         std::min(rings, kMostBuffersInRings);
}

}  // namespace

std::vector<std::string> all_devices(const conf::Config& config) {
  std::vector<std::string> devices;
  for (const conf::Interface& interface : config.interfaces) {
    devices.insert(devices.end(), interface.devices.begin(), interface.devices.end());
  }
  return devices;
}

uint32_t buffer_count(const conf::Config& config, dataplane::WorkerNumber workers) {
  return config.mbufs.value_or(ample_buffers(config, workers));
}

dataplane::Waits waits_for(uint32_t buffers, uint32_t queues, dataplane::WorkerNumber workers) {
  constexpr uint32_t kFewest = 256;  // queues may be more than they were likely to be
  const uint32_t of_queues = std::min(queues * kLeastBuffersPerQueue, buffers);
  const uint32_t share = std::max((buffers - of_queues) / (4u * workers), kFewest);
  const dataplane::Waits most;
  return {std::min(most.fragments, share), std::min(most.held, share)};
}

std::optional<std::string> why_too_large(const conf::Config& config) {
  const auto most = dataplane::BufferPool::largest_packet_for(all_devices(config));
  for (size_t i = 0; most && i < config.interfaces.size(); ++i) {
    if (config.interfaces[i].mtu <= *most) continue;
    return fmt::format(
        "/interfaces/{}/mtu: found {}, expected at most {}: where an interface is net_af_xdp the "
        "kernel takes no larger buffers, and all interfaces share them",
        i, config.interfaces[i].mtu, *most);
  }
  return std::nullopt;
}

std::optional<std::string> why_too_few_buffers(const conf::Config& config,
                                               dataplane::WorkerNumber workers) {
  const uint32_t queues = queues_for(config, workers);
  const uint32_t least = (queues + workers) * kLeastBuffersPerQueue;
  if (!config.mbufs || *config.mbufs >= least) return std::nullopt;
  return fmt::format(
      "/mbufs: found {}, expected at least {} for {} receive queue{} and {} worker{}; left out, it "
      "is {}",
      *config.mbufs, least, queues, queues == 1 ? "" : "s", workers, workers == 1 ? "" : "s",
      ample_buffers(config, workers));
}

}  // namespace control
