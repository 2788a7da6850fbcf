// The director whose kernel twin was recorded: what ipvsadm showed of it is in
// ipvsadm_recorded_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/command.h"
#include "test/control/fake_facts.h"

namespace control::test {

// Ten closed and three held TCP connections, five UDP exchanges, two closed connections of a
// persistent client, four seconds ago; a server that leaves, and that nobody shall see; `method` is
// "nat", "dr" or "tunnel", of which the last two see no replies, or "empty" for no service at all.
// Servers in the order in which the kernel listed them, so that sorting has something to do.
FakeFacts lvs(std::string_view method);

std::vector<std::string> split(const std::string& line);

// What `ipvsadm LINE` answers on that director.
Reply run_ipvsadm(std::string_view method, const std::string& line);

// The same, where it must not be refused.
std::string listed(std::string_view method, const std::string& line);

}  // namespace control::test
