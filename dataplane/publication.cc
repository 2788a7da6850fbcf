#include "dataplane/publication.h"

#include <rte_rcu_qsbr.h>

#include <cassert>

namespace dataplane {
namespace {

rte_rcu_qsbr* make_states(WorkerNumber readers) {
  const size_t bytes = rte_rcu_qsbr_get_memsize(readers);
  auto* states = static_cast<rte_rcu_qsbr*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  if (states == nullptr) std::abort();
  [[maybe_unused]] const int error = rte_rcu_qsbr_init(states, readers);
  assert(error == 0);  // only for no memory or no reader at all
  return states;
}

}  // namespace

QuiescentStates::QuiescentStates(WorkerNumber readers) : states_(make_states(readers)) {}

void QuiescentStates::control_add(WorkerNumber reader) {
  [[maybe_unused]] const int error = rte_rcu_qsbr_thread_register(states_.get(), reader);
  assert(error == 0);  // only for a number that is too large
  rte_rcu_qsbr_thread_online(states_.get(), reader);
}

void QuiescentStates::control_remove(WorkerNumber reader) {
  rte_rcu_qsbr_thread_offline(states_.get(), reader);
  rte_rcu_qsbr_thread_unregister(states_.get(), reader);
}

uint64_t QuiescentStates::control_mark() { return rte_rcu_qsbr_start(states_.get()); }

bool QuiescentStates::control_has_passed(uint64_t mark) {
  return rte_rcu_qsbr_check(states_.get(), mark, false) == 1;
}

void QuiescentStates::reader_quiescent(WorkerNumber reader) {
  rte_rcu_qsbr_quiescent(states_.get(), reader);
}

}  // namespace dataplane
