#include "lb/persistence.h"

#include "lb/wide_exchange.h"

namespace lb {
namespace {

// Workers that keep striking out each other's proposals give up in the end; it never comes to that.
constexpr int kTries = 256;

}  // namespace

size_t Persistence::bytes_for(uint32_t clients) {
  size_t buckets = 1;
  while (buckets * (kEntries / 2) < clients) buckets *= 2;
  return buckets * sizeof(Bucket);
}

Persistence::Persistence(std::span<std::byte> memory, HashKey key)
    : buckets_(reinterpret_cast<Bucket*>(memory.data()), memory.size() / sizeof(Bucket)),
      key_(key) {}

Persistence::Seen Persistence::read(const Entry& entry) {
  Seen seen;
  seen.client = __atomic_load_n(&entry.client, __ATOMIC_ACQUIRE);
  seen.value = __atomic_load_n(&entry.value, __ATOMIC_ACQUIRE);
  return seen;
}

bool Persistence::exchange(Entry& entry, const Seen& expected, const Seen& wanted) {
  return exchange_wide(entry, expected, wanted);
}

Persistence::Entry* Persistence::settled(Bucket& bucket, uint64_t client, Seen& seen) {
  for (Entry& entry : bucket.entries) {
    seen = read(entry);
    if (seen.client == client && !is_proposal(seen)) return &entry;
  }
  return nullptr;
}

Persistence::Entry* Persistence::proposed(Bucket& bucket, uint64_t client, Seen& seen) {
  for (Entry& entry : bucket.entries) {
    seen = read(entry);
    if (seen.client == client && is_proposal(seen)) return &entry;
  }
  return nullptr;
}

// A free entry, or the one that ends first.
Persistence::Entry& Persistence::first_to_end(Bucket& bucket, Seen& seen) {
  Entry* first = nullptr;
  for (Entry& entry : bucket.entries) {
    const Seen candidate = read(entry);
    if (first != nullptr && candidate.client != 0 && !before(end_of(candidate), end_of(seen))) {
      continue;
    }
    first = &entry;
    seen = candidate;
    if (candidate.client == 0) break;
  }
  return *first;
}

// The second step of a new client. False: the client has an entry already, or the proposal is no
// more.
bool Persistence::settle(Bucket& bucket, Entry& own, const Seen& proposal) {
  for (int tries = 0; tries < kTries; ++tries) {
    bool alone = true;
    for (Entry& entry : bucket.entries) {
      if (&entry == &own) continue;
      const Seen other = read(entry);
      if (other.client != proposal.client) continue;
      if (!is_proposal(other)) {
        exchange(own, proposal, {});
        return false;
      }
      // Whether it was struck out, or settled just now, the next look will tell.
      exchange(entry, other, {});
      alone = false;
    }
    if (!alone) continue;
    return exchange(own, proposal, {proposal.client, proposal.value & ~kProposal});
  }
  exchange(own, proposal, {});
  return false;
}

std::optional<uint32_t> Persistence::find(uint64_t client, Tick now) const {
  Seen seen;
  if (settled(bucket(client), client, seen) == nullptr) return std::nullopt;
  if (!before(now, end_of(seen))) return std::nullopt;
  return server_of(seen);
}

bool Persistence::renew(uint64_t client, uint32_t server, Tick now, Tick ends) {
  for (Seen seen;;) {
    Entry* entry = settled(bucket(client), client, seen);
    if (entry == nullptr || server_of(seen) != server || !before(now, end_of(seen))) return false;
    Seen later = seen;
    if (before(end_of(seen), ends)) {
      later.value = value_of(server, ends) | (seen.value & kAssured);
    }
    if (exchange(*entry, seen, later)) return true;
  }
}

uint32_t Persistence::agree(uint64_t client, uint32_t server, std::optional<uint32_t> unfit,
                            Tick now, Tick ends) {
  Bucket& bucket = this->bucket(client);
  const Seen wanted{client, value_of(server, ends)};
  for (int tries = 0; tries < kTries; ++tries) {
    Seen seen;
    if (Entry* entry = settled(bucket, client, seen)) {
      const uint32_t held = server_of(seen);
      if (before(now, end_of(seen)) && held != unfit) {
        if (renew(client, held, now, ends)) return held;
        continue;
      }
      // In its place, so that there never are two.
      if (exchange(*entry, seen, wanted)) return server;
      continue;
    }
    if (Entry* entry = proposed(bucket, client, seen)) {
      // Another's, who may have lost its CPU: it is carried through for it.
      settle(bucket, *entry, seen);
      continue;
    }
    Entry& entry = first_to_end(bucket, seen);
    const Seen proposal{client, wanted.value | kProposal};
    if (!exchange(entry, seen, proposal)) continue;
    if (seen.client != 0 && !is_proposal(seen) && before(now, end_of(seen))) {
      displaced_.fetch_add(1, std::memory_order_relaxed);
    }
    if (settle(bucket, entry, proposal)) return server;
  }
  return server;
}

void Persistence::prolong(uint64_t client, uint32_t server, Tick ends, bool assured) {
  for (Seen seen;;) {
    Entry* entry = settled(bucket(client), client, seen);
    if (entry == nullptr || server_of(seen) != server) return;
    Seen later = seen;
    if (before(end_of(seen), ends)) {
      later.value = value_of(server, ends) | (seen.value & kAssured);
    }
    if (assured) later.value |= kAssured;
    if (later == seen || exchange(*entry, seen, later)) return;
  }
}

}  // namespace lb
