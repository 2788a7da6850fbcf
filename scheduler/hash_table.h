// A plan that hashes connections to places of a table, and the options that such schedulers have.
#pragma once

#include <algorithm>

#include "scheduler/plan.h"

namespace scheduler {

enum HashOption : size_t { kPort, kFallback };

inline constexpr Option kHashOptions[] = {
    {"port", "Hash the client's port too, not its address alone."},
    {"fallback", "Take the clients of a server that takes none to other servers."},
};

// LVS's hash of addresses: the upper bits of a product, by the golden section.
inline uint32_t multiplied_hash(uint32_t word, unsigned bits) {
  return word * 0x61c88647u >> (32 - bits);
}

// `Hash` has static uint32_t word(request, options), what is hashed of a connection, and static
// uint32_t place(word, offset, places), the place of its try at an offset.
template <class Hash>
class HashTable final : public Plan {
 public:
  // `table`: the positions of servers by place; empty if there are none.
  HashTable(std::vector<uint32_t> table, std::span<const Server> servers, Options options)
      : table_(std::move(table)), options_(options) {
    for (const Server& server : servers) servers_.push_back({server.slot, server.weight > 0});
  }

  Picked pick(const Request& request) const override {
    if (table_.empty()) return std::nullopt;
    const uint32_t word = Hash::word(request, options_);
    const uint32_t place = Hash::place(word, 0, places());
    if (takes(table_[place], request)) return table_[place];
    if (!options_.has(kFallback)) return std::nullopt;
    return fall_back(word, place, request);
  }
  bool takes_turns() const override { return false; }

  std::string verdict(uint32_t position, Picked picked, const Request& request) const override {
    if (table_.empty()) return {};
    const uint32_t home = table_[Hash::place(Hash::word(request, options_), 0, places())];
    if (position == home) return "hashed to";
    if (position == picked) return "falls back to it";
    return servers_[position].accepts ? "not hashed to" : "";
  }

 private:
  struct Candidate {
    uint32_t slot;
    bool accepts;
  };

  uint32_t places() const { return static_cast<uint32_t>(table_.size()); }

  bool takes(uint32_t position, const Request& request) const {
    return servers_[position].accepts && !request.overloads.has(servers_[position].slot);
  }

  // Tries the places that LVS tries. These need not be all places: where LVS would give up, the
  // file's first server that takes it gets the connection.
  Picked fall_back(uint32_t word, uint32_t place, const Request& request) const {
    uint32_t any = 0;
    while (any < servers_.size() && !takes(any, request)) ++any;
    if (any == servers_.size()) return std::nullopt;
    for (uint32_t step = 0; step < places(); ++step) {
      const uint32_t offset = (step + place) % places();
      const uint32_t position = table_[Hash::place(word, offset, places())];
      if (takes(position, request)) return position;
    }
    return any;
  }

  std::vector<uint32_t> table_;
  std::vector<Candidate> servers_;
  Options options_;
};

}  // namespace scheduler
