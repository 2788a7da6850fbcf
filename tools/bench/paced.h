// Who takes the packets of a PacedIo: the director's worker in its own loop, or a loop that does
// nothing but pass them on. Both on a thread of their own while the caller sleeps.
#pragma once

#include "dataplane/idle.h"
#include "tools/bench/arrivals.h"
#include "tools/bench/established.h"
#include "tools/bench/paced_io.h"

namespace bench {

// What arrives: `packets` at `rate`, after `lead` of nothing.
struct Load {
  double rate = 0;  // packets a second; 0: all at once, and no ring that they must fit
  Spacing spacing = Spacing::kPoisson;
  uint32_t packets = 0;
  uint32_t seed = 0;
  std::chrono::nanoseconds lead{50'000};
  std::chrono::nanoseconds until{0};  // it goes on at least so long
};

class Paced {
 public:
  virtual ~Paced() = default;
  // Throws Failure when a packet came out wrong, was dropped, or waited for a turn after its own.
  virtual PacedIo::Outcome run(const Load& load) = 0;
};

// Known connections' packets, to the server and in NAT as many to the client.
class PacedDirector final : public Paced {
 public:
  PacedDirector(std::shared_ptr<KnownFlows> flows, Ring& ring, const dataplane::IdlePolicy& idle);
  ~PacedDirector() override;
  PacedIo::Outcome run(const Load& load) override;

 private:
  // `flows`: of the packets, the first link's first.
  void write_packets(const PacedIo::Plan& plan, const std::vector<uint32_t>& flows) const;
  void check(const PacedIo::Outcome& outcome, const PacedIo::Plan& plan,
             const std::vector<uint32_t>& flows) const;

  std::shared_ptr<KnownFlows> flows_;
  Ring& ring_;
  dataplane::IdlePolicy idle_;
  PacedIo io_;
};

class PassThrough final : public Paced {
 public:
  // As many links in use as by the director that it is compared with.
  PassThrough(Ring& ring, bool both_links) : ring_(ring), both_links_(both_links) {}
  PacedIo::Outcome run(const Load& load) override;

 private:
  static int turn(void* self);

  Ring& ring_;
  bool both_links_;
  PacedIo io_;
};

// The lcore that both run on: the first that is not the main one.
unsigned paced_lcore();

}  // namespace bench
