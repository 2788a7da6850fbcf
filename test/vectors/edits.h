// What lbd does better than LVS, as edits of what LVS was recorded to do.
#pragma once

#include "test/vectors/recording.h"

namespace vectors_test {

// Nothing is sent in any step.
void answer_nothing(Recording& recording);
// The last step's packet is dropped, and opens no connection.
void drop_the_last(Recording& recording);
// The last step's SYN goes to the other real server.
void reschedule_reuse(Recording& recording);
// In every ICMP error that was passed on, the quoted TCP or UDP checksum fits the quoted addresses
// and ports as well as it did when it arrived.
void translate_quoted_checksums(Recording& recording);
// The error of the last step quotes the TTL with which the packet came, and comes when lbd gives
// up: after the third try's second, but looking at each neighbour but once a second.
void quote_as_sent(Recording& recording);

}  // namespace vectors_test
