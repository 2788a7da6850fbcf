#include "control/orders.h"

#include <algorithm>

namespace control {

void Orders::send(size_t worker, const dataplane::Request& request) {
  if (pending_[worker].empty() && workers_[worker]->control_request(request)) return;
  pending_[worker].push_back(request);
}

void Orders::to_one(const dataplane::Request& request) { send(0, request); }

void Orders::to_all(const dataplane::Request& request) {
  for (size_t i = 0; i < workers_.size(); ++i) send(i, request);
}

void Orders::cut(const std::vector<uint32_t>& server_slots,
                 const std::vector<uint32_t>& forget_opening) {
  to_cut_.insert(to_cut_.end(), server_slots.begin(), server_slots.end());
  to_forget_opening_.insert(to_forget_opening_.end(), forget_opening.begin(), forget_opening.end());
  step();
}

void Orders::step() {
  for (size_t i = 0; i < workers_.size(); ++i) {
    while (!pending_[i].empty() && workers_[i]->control_request(pending_[i].front())) {
      pending_[i].pop_front();
    }
  }
  const auto done = [](const auto& sweep) { return sweep->done.load(std::memory_order_acquire); };
  if (!std::ranges::all_of(sweeps_, done)) return;
  sweeps_.clear();
  if (!to_cut_.empty() || !to_forget_opening_.empty()) start_sweep();
}

// One at a time, for all that is to be cut by then.
void Orders::start_sweep() {
  std::ranges::sort(to_cut_);
  std::ranges::sort(to_forget_opening_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    auto& sweep = sweeps_.emplace_back(std::make_unique<dataplane::CutSweep>());
    sweep->servers = to_cut_;
    sweep->forget_opening = to_forget_opening_;
    dataplane::Request request{dataplane::Request::Kind::kCut};
    request.cut = sweep.get();
    send(i, request);
  }
  to_cut_.clear();
  to_forget_opening_.clear();
}

}  // namespace control
