#include "dataplane/figures.h"

namespace dataplane {

Figures::Figures(WorkerNumber workers, uint32_t services, uint32_t servers)
    : services_(services),
      servers_(servers),
      turns_(services),
      limit_memory_(servers),
      overloaded_(servers),
      limits_(limit_memory_.span(), overloaded_.span()) {
  for (WorkerNumber i = 0; i < workers; ++i) {
    Own& own = *own_.emplace_back(std::make_unique<Own>(services, servers));
    loads_.push_back(own.loads.span().data());
    load_changes_.push_back(own.changes.span().data());
  }
}

LiveFigures Figures::of(WorkerNumber worker) {
  Own& own = *own_[worker];
  return {.turns = turns_.span(),
          .traffic = own.traffic.span(),
          .refused = own.refused.span(),
          .own_loads = own.loads.span(),
          .own_changes = own.changes.span(),
          .loads = loads_,
          .load_changes = load_changes_,
          .masquerade_service = services_ - 1,
          .masquerade_server = servers_ - 1};
}

uint64_t Figures::refused(uint32_t service) const {
  uint64_t sum = 0;
  for (const auto& own : own_) sum += own->refused[service].reader_get();
  return sum;
}

}  // namespace dataplane
