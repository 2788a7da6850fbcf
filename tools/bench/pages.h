// What the processor makes of the pages that the tables lie in.
#pragma once

#include <cstdint>

namespace bench {

// What following a pointer to another 4 kB costs, in EAL's memory, in multiples of one that stays
// near; everything is in L1. Near 1 where hugepages are translated as such. A virtual machine's
// may be only so to its own kernel, and mapped by the host in pieces of 4 kB: then it is 2 and
// more, and tables larger than the TLB reaches with 4 kB apiece (some MB) cost what they would not
// on bare hardware. Throws Failure without memory.
double page_step();

}  // namespace bench
