// Parsed once for the whole room; no file relies on it.

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <boost/lockfree/spsc_queue.hpp>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>
