// A value that the control thread replaces as a whole while workers read it: they take the current
// one at the start of each turn and use it to the turn's end. A replaced one is freed when every
// worker has taken a newer one, and nobody ever waits: a worker that sleeps or is stuck merely
// delays the freeing.
//
// Which values workers may still use is told by DPDK's quiescent-state counters (rte_rcu_qsbr.h).
// Of these rte_rcu_qsbr_synchronize is not used: it would make the control thread wait for a stuck
// worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <utility>

#include "dataplane/owner.h"

struct rte_rcu_qsbr;

namespace dataplane {

// The counters behind a Publication.
class QuiescentStates {
 public:
  explicit QuiescentStates(WorkerNumber readers);

  // From the control thread. From add to remove a reader counts as one that may use anything.
  void control_add(WorkerNumber reader);
  void control_remove(WorkerNumber reader);
  // Marks this moment.
  uint64_t control_mark();
  // Whether every reader has passed a quiescent state since the mark.
  bool control_has_passed(uint64_t mark);

  // From the reader's thread: it uses nothing that it has taken before.
  void reader_quiescent(WorkerNumber reader);

 private:
  struct Free {
    void operator()(rte_rcu_qsbr* states) const { std::free(states); }
  };
  std::unique_ptr<rte_rcu_qsbr, Free> states_;
};

// All functions belong to the control thread but Reader::reader_take.
template <class T>
class Publication {
 public:
  // One reader's end; the publication outlives it. Made and destroyed by the control thread while
  // nobody calls reader_take.
  class Reader {
   public:
    Reader(Publication& publication, WorkerNumber number)
        : publication_(publication), number_(number) {
      publication_.states_.control_add(number_);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { publication_.states_.control_remove(number_); }

    // The current value, good until the next call, with which the reader lets go of this one.
    const T& reader_take() {
      publication_.states_.reader_quiescent(number_);
      return *publication_.published_.load(std::memory_order_acquire);
    }

   private:
    Publication& publication_;
    WorkerNumber number_;
  };

  // Readers are numbered from 0.
  Publication(WorkerNumber readers, std::unique_ptr<const T> first)
      : states_(readers), current_(std::move(first)), published_(current_.get()) {}
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  const T& current() const { return *current_; }

  // Returns at once; the value before stays until `collect` finds it unused.
  void publish(std::unique_ptr<const T> next) {
    published_.store(next.get(), std::memory_order_release);
    // A reader that passes a quiescent state after the mark takes the new value.
    retired_.push_back({std::exchange(current_, std::move(next)), states_.control_mark()});
  }

  // Frees what no reader uses any more. Returns how many values still wait. To be called now and
  // then.
  size_t collect() {
    while (!retired_.empty() && states_.control_has_passed(retired_.front().mark)) {
      retired_.pop_front();
    }
    return retired_.size();
  }

 private:
  struct Retired {
    std::unique_ptr<const T> value;
    uint64_t mark;
  };

  QuiescentStates states_;
  std::unique_ptr<const T> current_;
  std::atomic<const T*> published_;
  std::deque<Retired> retired_;  // oldest first
};

}  // namespace dataplane
