// All cases, in groups that are timed together. The table of what there is stands in catalogue.cc.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/bench/measure.h"
#include "tools/bench/options.h"
#include "tools/bench/packets.h"
#include "tools/bench/team.h"

namespace bench {

// The rings that every case and every MAC swap uses: their sizes are a case's `ring`.
inline constexpr uint32_t kHotRing = 32;
inline constexpr uint32_t kRing = 1024;
inline constexpr uint32_t kColdRing = 16384;

// What all groups share.
class Lab {
 public:
  explicit Lab(const Options& options);
  static size_t mbuf_bytes();
  Ring& ring(uint32_t size) { return rings_.at(size); }
  // Of two workers: as many mbufs as in ring(kRing), and the thread of the second.
  Ring& second_ring() { return second_ring_; }
  Team& team() { return *team_; }
  uint16_t burst() const { return burst_; }

 private:
  uint16_t burst_;
  MbufPool pool_;
  std::map<uint32_t, Ring> rings_;
  Ring second_ring_;
  std::unique_ptr<Team> team_;
};

struct CaseSpec {
  std::string name;
  uint32_t flows;  // connections that there are, or room for; 0: it is about none
  uint32_t ring;   // mbufs; the MAC swap over as many is its baseline; 0: none
  std::string unit;
  std::function<std::unique_ptr<Case>(Lab&)> make;
  // Of a mean: the two cases of the group that it is of, and no `make`.
  std::vector<std::string> mean_of = {};
};

// What two cases of a group say together.
struct Comparison {
  enum class Kind : uint8_t { kRatio, kDifference };
  std::string name;
  Kind kind;
  std::string of;
  std::string baseline;
  double factor;       // of a difference, to which unit it is brought
  std::string target;  // empty: none, it only shows something
};

// Timed in turns, round by round, together with a MAC swap per ring and the hash baseline.
struct Group {
  std::vector<CaseSpec> cases;
  CaseSpec hash;  // named "" for none
  std::vector<Comparison> comparisons = {};
};

std::vector<Group> catalogue(const Options& options);
std::vector<CaseSpec> mac_swaps();

// EAL's memory that the largest group takes, with the lab's.
size_t bytes_for(const Options& options);

}  // namespace bench
