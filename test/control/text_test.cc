// Numbers and tables for people.
#include <catch2/catch.hpp>

#include "control/human.h"
#include "control/text_table.h"

namespace control {
namespace {

TEST_CASE("large numbers keep three digits or more") {
  CHECK(human_number(0) == "0");
  CHECK(human_number(0.4) == "0");
  CHECK(human_number(99999) == "99999");
  CHECK(human_number(99999.5) == "100k");
  CHECK(human_number(123456) == "123k");
  CHECK(human_number(9'999'000) == "9999k");
  CHECK(human_number(12'345'678) == "12.35M");
  CHECK(human_number(5e9) == "5000M");
  CHECK(human_number(2.5e10) == "25.00G");
  CHECK(human_number(1.8e19) == "18000P");
}

TEST_CASE("durations drop what does not matter") {
  CHECK(human_duration(0) == "0s");
  CHECK(human_duration(59.9) == "59s");
  CHECK(human_duration(61) == "1m 1s");
  CHECK(human_duration(3600) == "1h 0m 0s");
  CHECK(human_duration(90061) == "1d 1h 1m");
  CHECK(human_duration(-1) == "0s");
}

TEST_CASE("what moves a terminal's cursor or begins a line is shown, not done") {
  CHECK(printable("caf\xc3\xa9 \"x\"") == "caf\xc3\xa9 \"x\"");
  const std::string hostile("\x1b[2Jdown\r\nforged\0\x7f", 18);
  CHECK(printable(hostile) == "\\x1b[2Jdown\\x0d\\x0aforged\\x00\\x7f");
  CHECK(printable("\u009b2J\u202e") == "\\xc2\\x9b2J\\xe2\\x80\\xae");
  CHECK(printable("\x9b[2J \xc3") == "\\x9b[2J \\xc3");
  TextTable table({{"reason"}});
  table.add({hostile});
  CHECK(table.render() == "reason\n" + printable(hostile) + "\n");
}

TEST_CASE("a table is as wide as its widest cells and has no trailing blanks") {
  TextTable table({{"a"}, {"n", TextTable::Align::kRight}, {"last"}});
  table.add({"long cell", "1", ""});
  table.add({"", "1000", "x"});
  CHECK(table.render() ==
        "a             n  last\n"
        "long cell     1  -\n"
        "-          1000  x\n");
}

}  // namespace
}  // namespace control
