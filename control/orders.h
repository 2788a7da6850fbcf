// What the control thread asks workers to do, kept where a worker's queue is full until it is not:
// nobody waits for a worker. The control thread's.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/worker.h"

namespace control {

class Orders {
 public:
  explicit Orders(std::span<dataplane::Worker* const> workers)
      : workers_(workers), pending_(workers.size()) {}
  Orders(const Orders&) = delete;
  Orders& operator=(const Orders&) = delete;

  void to_one(const dataplane::Request& request);  // whichever
  void to_all(const dataplane::Request& request);
  // All connections of `server_slots`, which no worker gives new ones, are to end. Of
  // `forget_opening` only TCP connections that are about to open end, and silently, also where a
  // server is in both.
  void cut(const std::vector<uint32_t>& server_slots,
           const std::vector<uint32_t>& forget_opening = {});

  // Goes on with what could not be asked before. To be called now and then, and before the workers
  // end.
  void step();
  // Whether connections that are to end are still being looked for.
  bool is_cutting() const {
    return !sweeps_.empty() || !to_cut_.empty() || !to_forget_opening_.empty();
  }

 private:
  void send(size_t worker, const dataplane::Request& request);
  void start_sweep();

  std::span<dataplane::Worker* const> workers_;
  std::vector<std::deque<dataplane::Request>> pending_;  // by worker
  std::vector<uint32_t> to_cut_;
  std::vector<uint32_t> to_forget_opening_;
  std::vector<std::unique_ptr<dataplane::CutSweep>> sweeps_;  // under way, by worker
};

}  // namespace control
