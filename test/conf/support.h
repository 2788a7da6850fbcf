// What the tests of conf/ share: a vocabulary like the real one, and files in which one part
// varies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/vocabulary.h"

namespace conf_test {

const conf::Vocabulary& vocabulary();

// Two interfaces, wan (192.168.22.11/24) and lan (192.168.11.11/24), as in the article.
inline constexpr std::string_view kTwoArms =
    R"([{"name": "wan", "device": "d0", "addresses": ["192.168.22.11/24"]},
        {"name": "lan", "device": "d1", "addresses": ["192.168.11.11/24"]}])";

// A file of these lists.
std::string file(std::string_view services = "[]", std::string_view routes = "[]",
                 std::string_view interfaces = kTwoArms);
// A file with kTwoArms and more top-level keys.
std::string file_with(std::string_view keys);
// One service, tcp 192.168.22.11:80, with these servers and, before them, more keys ("…, ").
std::string service(std::string_view servers, std::string_view keys = "");

// "ok", or the error lines that load gives, joined by newlines.
std::string verdict(std::string_view text,
                    const conf::Vocabulary& vocabulary = conf_test::vocabulary());

std::string read_example(const std::string& name);

// Which text of a file earns which verdict.
struct Case {
  std::string text;
  std::string verdict;
};
void check_verdicts(const std::vector<Case>& cases);

}  // namespace conf_test
