// Clients that an attacker would choose.
#pragma once

#include <vector>

#include "tools/bench/packets.h"

namespace bench {

// So many different ones whose CRC32 over address and port takes few values modulo 65,536, whatever
// its seed: it is linear, so a seed changes all of these alike.
std::vector<End> colliding_clients(uint32_t count);

// So many different ones, at random.
std::vector<End> random_clients(uint32_t count);

// So many usual ones, then one and the same as often.
std::vector<End> usual_clients_and_one(uint32_t count);
// `count` times the same.
std::vector<End> one_client(uint32_t count);

}  // namespace bench
