#include "dataplane/queues.h"

#include <algorithm>

namespace dataplane {
namespace {

using Count = uint16_t PortQueues::*;

std::vector<QueueNumber> queues_of(std::span<const PortQueues> ports, LinkNumber link,
                                   Count count) {
  std::vector<QueueNumber> queues;
  for (uint16_t port = 0; port < ports.size(); ++port) {
    if (ports[port].link != link) continue;
    for (uint16_t queue = 0; queue < ports[port].*count; ++queue) queues.push_back({port, queue});
  }
  return queues;
}

}  // namespace

std::vector<WorkerQueues> assign_queues(std::span<const PortQueues> ports, LinkNumber links,
                                        WorkerNumber workers) {
  std::vector<WorkerQueues> result(workers);
  for (WorkerQueues& queues : result) {
    queues.receive.resize(links);
    queues.transmit.resize(links);
    queues.transmitter.resize(links);
  }
  size_t next = 0;
  for (LinkNumber link = 0; link < links; ++link) {
    const auto receive = queues_of(ports, link, &PortQueues::receive);
    const auto transmit = queues_of(ports, link, &PortQueues::transmit);
    const size_t first = receive.size() < workers ? next : 0;
    if (receive.size() < workers) next += receive.size();
    for (size_t i = 0; i < receive.size(); ++i) {
      result[(first + i) % workers].receive[link].push_back(receive[i]);
    }
    const size_t senders = std::min<size_t>(transmit.size(), workers);
    for (size_t i = 0; i < workers; ++i) {
      const size_t worker = (first + i) % workers;
      const size_t sender = (first + i % senders) % workers;
      if (i < senders) result[worker].transmit[link] = transmit[i];
      result[worker].transmitter[link] = static_cast<WorkerNumber>(sender);
    }
  }
  return result;
}

}  // namespace dataplane
