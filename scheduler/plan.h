// The contract of schedulers. An algorithm is asked once per change of a service's servers, off the
// packet path, to compile them into an immutable plan; a worker asks the plan once per new
// connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lb/live.h"
#include "scheduler/block_minima.h"

namespace scheduler {

// A real server as schedulers see it, in the order of the file. Ties go to the first.
struct Server {
  static constexpr uint32_t kFullRamp = 256;

  uint32_t slot = 0;    // where its live counts stand
  uint32_t weight = 0;  // 0 takes no new connections
  uint32_t ramp =
      kFullRamp;         // slow start: how many 256ths of it least-load schedulers count, from 1
  bool limited = false;  // it has a threshold, so `Overloads` may name it
  uint32_t last_weight = 0;  // where the weight is 0, what it last was; 0 if it never had another
  uint32_t address = 0;      // in host order, folded by its family
  uint16_t port = 0;
};

// Connections of a server as LVS's schedulers weigh them: one active counts as 256 inactive ones.
struct ServerLoad {
  uint64_t active = 0;
  uint64_t inactive = 0;
  uint64_t overhead() const { return 256 * active + inactive; }
};

// The live counts of all workers. Those of other workers may lag by the connections they are
// opening at this moment.
class LoadView {
 public:
  explicit LoadView(std::span<const lb::Load* const> workers,
                    std::span<const lb::LoadChanges* const> changes = {})
      : workers_(workers), changes_(changes) {}
  ServerLoad of(uint32_t slot) const {
    ServerLoad sum;
    for (const lb::Load* loads : workers_) {
      sum.active += loads[slot].active.reader_get();
      sum.inactive += loads[slot].inactive.reader_get();
    }
    return sum;
  }
  std::span<const lb::Load* const> workers() const { return workers_; }
  // How often loads of the slot's block have changed. Precondition: the view has these counts.
  uint32_t changes(uint32_t slot) const {
    uint32_t sum = 0;
    for (const lb::LoadChanges* counts : changes_) {
      sum += counts[slot / lb::LoadChanges::kBlock].reader_get();
    }
    return sum;
  }

 private:
  std::span<const lb::Load* const> workers_;
  std::span<const lb::LoadChanges* const> changes_;
};

// Which servers have reached their upper threshold and not yet come down to the lower one: LVS's
// IP_VS_DEST_F_OVERLOAD. By default none has.
class Overloads {
 public:
  Overloads() = default;
  // `flags`: by slot, not 0 for an overloaded server. Anybody may write them at any time.
  explicit Overloads(const std::atomic<uint8_t>* flags) : flags_(flags) {}
  bool has(uint32_t slot) const {
    return flags_ != nullptr && flags_[slot].load(std::memory_order_relaxed) != 0;
  }

 private:
  const std::atomic<uint8_t>* flags_ = nullptr;
};

// What a plan may look at for one new connection.
struct Request {
  uint64_t turn = 0;  // how many connections took a turn before, over the whole director
  LoadView loads;
  Overloads overloads = {};
  // Where the connection comes from and goes to, in host order, folded by their family.
  uint32_t client = 0;
  uint32_t destination = 0;
  uint16_t client_port = 0;
  // Whether no further turn will be taken for the connection: see Plan::turns_to_try.
  bool last_try = true;
  uint64_t random = 0;
  // A cell that outlives the plan, one per service, shared by all workers: its turns' cursor, which
  // plans without turns may use as they like. Whatever an earlier plan left there may stand in it.
  std::atomic<uint64_t>* memory = nullptr;
  // The asking worker's, to be quicker with; only where `loads` counts changes.
  BlockMinima* minima = nullptr;
};

// The position of the server that a plan picked, or none. In one register: of a std::optional of 32
// bits GCC makes two stores and a load of both, which waits until the stores have reached the
// cache.
class Picked {
 public:
  constexpr Picked() = default;
  constexpr Picked(std::nullopt_t) {}
  constexpr Picked(uint32_t position) : position_(position) {}
  constexpr bool has_value() const { return position_ != kNone; }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr uint32_t operator*() const { return position_; }
  constexpr bool operator==(const Picked&) const = default;
  constexpr bool operator==(uint32_t position) const { return position_ == position; }
  // To std::optional's own comparison no Picked is equal to none.
  bool operator==(const std::optional<uint32_t>&) const = delete;

 private:
  static constexpr uint32_t kNone = 0xffffffff;
  uint32_t position_ = kNone;
};

// Immutable, read by all workers at once.
class Plan {
 public:
  virtual ~Plan() = default;
  // The position of the chosen server, none when no server takes this connection. Called by
  // workers. A server of weight 0 is never chosen, an overloaded one neither.
  virtual Picked pick(const Request& request) const = 0;
  // Whether pick looks at `turn`, so that a cursor is advanced for it.
  virtual bool takes_turns() const = 0;
  // The server whose turn it is may be overloaded. As LVS does, the caller then takes the next turn
  // and asks again, up to this many turns in all, the last of them with `last_try` set. To that one
  // the plan answers with another turn's server, if there is one that is not overloaded.
  virtual uint32_t turns_to_try() const { return 1; }
  // Why the server at a position was picked for a request, or was not, in a few words for people,
  // with the figures that decided. Empty: nothing but that it takes no connections. Off the packet
  // path; any thread.
  virtual std::string verdict(uint32_t position, Picked picked, const Request& request) const {
    if (!picked) return {};
    const bool is_picked = position == picked;
    if (!takes_turns()) return is_picked ? "the scheduler's choice" : "not the scheduler's choice";
    return is_picked ? "has turn " + std::to_string(request.turn) : "not its turn";
  }
};

// For verdicts: "load 512 / weight 2". `share`: the weight times the ramp, of which a server in its
// slow start has a part: "load 512 / weight 17/256".
inline std::string proportion(uint64_t load, uint64_t share) {
  std::string text = "load " + std::to_string(load) + " / weight ";
  if (share % Server::kFullRamp == 0) return text + std::to_string(share / Server::kFullRamp);
  return text + std::to_string(share) + "/" + std::to_string(Server::kFullRamp);
}

// An option that a scheduler may be given beside its name.
struct Option {
  std::string_view name;
  std::string_view summary;  // one line of help
  bool preset = false;
};

// Which of a scheduler's options are on, by their place in its entry of the table.
class Options {
 public:
  constexpr Options() = default;
  constexpr bool has(size_t option) const { return (bits_ >> option & 1) != 0; }
  constexpr void set(size_t option) { bits_ |= uint32_t{1} << option; }
  constexpr Options with(size_t option) const {
    Options more = *this;
    more.set(option);
    return more;
  }

 private:
  uint32_t bits_ = 0;
};

using Compile = std::unique_ptr<const Plan> (*)(std::span<const Server> servers, Options options);

}  // namespace scheduler
