// Text from elsewhere and errors, on one line.
#include "conf/text.h"

#include <catch2/catch.hpp>

#include "conf/error.h"

TEST_CASE("what terminals obey is escaped, what people write is not") {
  CHECK(conf::escaped("\u009b2J \u0080 \u009f") == R"(\u009b2J \u0080 \u009f)");
  CHECK(conf::escaped("a\u202eb\u2066c\u2069\u200e\u200f\u061c\u2028\u2029") ==
        R"(a\u202eb\u2066c\u2069\u200e\u200f\u061c\u2028\u2029)");
  const std::string_view ordinary = "é Ā ؛ ‐ – € ⁠ ⁥ ⁪ ‧  日本 🙂";
  CHECK(conf::escaped(ordinary) == ordinary);
}

TEST_CASE("bytes that are no UTF-8 are escaped, and hide nothing behind them") {
  CHECK(conf::escaped("\xc2 \xe2\x80 \xff\x9b \xe2") ==
        R"(\ufffd \ufffd\ufffd \ufffd\ufffd \ufffd)");
  CHECK(conf::escaped("\xe2\x80\u009b\xf0\x9f\x99\n") ==
        R"(\ufffd\ufffd\u009b\ufffd\ufffd\ufffd\u000a)");
  CHECK(conf::escaped("\xed\xa0\x80 \xc0\x9b") == R"(\ufffd\ufffd\ufffd \ufffd\ufffd)");
  CHECK(conf::escaped("\ufffd") == "\ufffd");
}

TEST_CASE("a reply has the first errors on its line, and how many there are") {
  std::vector<conf::Error> errors;
  for (int i = 0; i < 20; ++i) errors.push_back({"/a", std::to_string(i)});
  const std::string all = conf::one_line(errors);
  CHECK(all.starts_with("/a: 0; /a: 1; "));
  CHECK(all.ends_with("; /a: 19"));
  errors.push_back({"", "last"});
  CHECK(conf::one_line(errors) == all + "; and 1 more");
  CHECK(conf::one_line(std::vector<conf::Error>{}).empty());
}
