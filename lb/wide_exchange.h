// The exchange of 128 bits as a whole, by the processor's one instruction for it: the compilers'
// __atomic functions would call libatomic. Only files of lb, which are compiled for it.
#pragma once

#include <bit>

namespace lb {

// Puts `wanted` where `expected` stands. False: something else stands there, and stays. Cell: two
// words that are read one by one, so that only an exchange that succeeds proves that they were one.
template <class Cell, class Value>
bool exchange_wide(Cell& cell, const Value& expected, const Value& wanted) {
  __extension__ using Wide [[gnu::may_alias]] = unsigned __int128;
  static_assert(sizeof(Cell) == sizeof(Wide) && alignof(Cell) == sizeof(Wide));
  return __sync_bool_compare_and_swap(reinterpret_cast<Wide*>(&cell), std::bit_cast<Wide>(expected),
                                      std::bit_cast<Wide>(wanted));
}

}  // namespace lb
