// What the kernel's own LVS (Linux 6.1, one processor) was recorded to choose while servers changed
// between connections. Transcribed from the second table of the recording's report.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace scheduler_test {

// Before the connection of this number, counted from 0.
struct Change {
  enum Kind { kWeight, kRemove, kAdd };
  size_t before;
  Kind kind;
  unsigned server;  // by number, from 1
  unsigned weight = 1;
};

struct Script {
  const char* name;
  std::vector<unsigned> weights;  // of servers 1, 2, 3… in the order of adding
  std::vector<Change> changes;
  std::vector<unsigned> thresholds = {};  // by server; 0: none
};

inline const std::vector<Script> kScripts = {
    {"weights", {3, 2, 1}, {{8, Change::kWeight, 3, 5}, {16, Change::kWeight, 1, 1}}},
    {"servers", {2, 1, 1}, {{7, Change::kRemove, 1}, {15, Change::kAdd, 4, 2}}},
    {"coming back",
     {1, 1, 1, 1},
     {{5, Change::kRemove, 3},
      {10, Change::kRemove, 2},
      {14, Change::kAdd, 2},
      {18, Change::kAdd, 5}}},
    {"quiesced",
     {1, 2, 3},
     {{6, Change::kWeight, 3, 0}, {12, Change::kWeight, 3, 3}, {18, Change::kWeight, 2, 0}}},
    {"thresholds", {3, 2, 1}, {}, {2, 4, 0}},
};

enum class Pattern { kClosed, kHeld, kBoth };

struct RecordedChanges {
  std::string_view scheduler;
  Pattern pattern;
  std::vector<std::string_view> sequences;  // by script
};

// clang-format off
inline const std::vector<RecordedChanges> kRecordedChanges = {
    {"rr", Pattern::kBoth, {"321321321321321321321321", "321321323232323243243243", "432142142141412412415241", "321321212121321321313131", "32132132323333"}},
    {"wrr", Pattern::kBoth, {"321121323213331332321333", "321132132323232432443244", "432144214241412412524152", "321332221221321332331333", "32112322333333"}},
    {"lc", Pattern::kBoth, {"321321321321321321321321", "321321323232323444444424", "432142142141412224555555", "321321212121333321313131", "32132132323333"}},
    {"wlc", Pattern::kBoth, {"321121323333131323332332", "321132132323232444444444", "432142142141412224555555", "321323212212333333313331", "32112322333333"}},
    {"sed", Pattern::kClosed, {"111111113333333333333333", "111111133333333444444444", "444444444444442222555555", "333333222222333333333333"}},
    {"sed", Pattern::kHeld, {"121321123333333133233233", "132113232323232444444444", "432142142141412224555555", "323321221221333333333133", "12132232333333"}},
    {"nq", Pattern::kClosed, {"333333333333333333333333", "333333333333333444444444", "444444444444442222555555", "333333222222333333333333"}},
    {"nq", Pattern::kHeld, {"321121123333333133233233", "321113232323232444444444", "432142142141412224555555", "321332221221333333333133", "32112232333333"}},
    {"fo", Pattern::kBoth, {"111111113333333333333333", "111111133333333444444444", "444444444444442222555555", "333333222222333333333333", "11222233333333"}},
    {"ovf", Pattern::kClosed, {"111111113333333333333333", "111111133333333444444444", "444444444444442222555555", "333333222222333333333333"}},
    {"ovf", Pattern::kHeld, {"1111222333333xxxxxxxxxxx", "1113322xxxxxxxx444xxxxxx", "44332211xxxxxxxxxx55xxxx", "333322211xxxxxxxxxxxxxxx", "1122233xxxxxxx"}},
};
// clang-format on

}  // namespace scheduler_test
