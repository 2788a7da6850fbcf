// What is not JSON at all, or is JSON that the file must not hold anywhere.
#include "conf/document.h"

#include <catch2/catch.hpp>
#include <string>

#include "conf/text.h"

namespace {

using conf::Findings;
using conf::Value;

std::string failure(std::string_view text) {
  Findings findings;
  const auto value = conf::parse_document(text, findings);
  return value ? "ok" : value.error().to_string();
}

Value parsed(std::string_view text) {
  Findings findings;
  return conf::parse_document(text, findings).value();
}

}  // namespace

TEST_CASE("a syntax error names line and column") {
  CHECK(
      failure("{\n  \"a\": 1,\n  \"b\" 2\n}") ==
      "line 3, column 7: syntax error while parsing object separator - unexpected number literal; "
      "expected ':'");
  CHECK(failure("[1,]") ==
        "line 1, column 4: syntax error while parsing value - unexpected ']'; expected '[', '{', "
        "or a "
        "literal");
  CHECK(
      failure("{} {}") ==
      "line 1, column 4: syntax error while parsing value - unexpected '{'; expected end of input");
  CHECK(
      failure("{\n") ==
      "line 2, column 1: syntax error while parsing object key - unexpected end of input; expected "
      "string literal");
}

TEST_CASE("comments, trailing commas and bare words are no JSON") {
  for (const char* text : {"{} // x", "/* x */ {}", "{\"a\": 1,}", "{a: 1}", "{'a': 1}", "[NaN]",
                           "[01]", "[+1]", "[.5]", "[0x10]", "\"\t\""}) {
    INFO(text);
    CHECK(failure(text).starts_with("line 1, column "));
  }
}

TEST_CASE("a file without anything in it says so") {
  CHECK(failure("") == "the file is empty, expected a JSON object");
  CHECK(failure(" \n\t\r\n") == "the file is empty, expected a JSON object");
}

TEST_CASE("a NUL byte does not hide what follows it") {
  const std::string text("{}\n\0{", 5);
  CHECK(failure(text) == "line 2, column 1: found a NUL byte, expected JSON text");
}

TEST_CASE("bytes that are not UTF-8 give one line of plain text") {
  CHECK(
      failure("[\"\xff\"]") ==
      "line 1, column 3: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; "
      "last read: '\"\\xff'");
  CHECK(failure("\xff\xfe{\0}").starts_with("line 1, column "));
  CHECK(failure("[\"\xed\xa0\x80\"]").starts_with("line 1, column "));
  CHECK(failure("[\"\xc3\xa9\"]") == "ok");
}

TEST_CASE("an error about a long string stays short") {
  CHECK(failure("[\"" + std::string(100000, 'x')).size() < 300);
}

TEST_CASE("nesting ends at 64 levels") {
  CHECK(failure(std::string(64, '[') + std::string(64, ']')) == "ok");
  std::string pointer;
  for (int i = 0; i < 64; ++i) pointer += "/0";
  CHECK(failure(std::string(65, '[') + std::string(65, ']')) ==
        pointer + ": nested deeper than 64 levels");
  CHECK(failure(std::string(100000, '[')) == pointer + ": nested deeper than 64 levels");
}

TEST_CASE("every duplicate key is named by its pointer") {
  Findings findings;
  const auto value = conf::parse_document(
      R"({"a": [{}, {"x/y": 1, "x/y": 2}], "~": 0, "b": {"c": 1}, "~": 1, "b": {"c": 1, "c": 2}})",
      findings);
  REQUIRE(value);
  std::string lines;
  for (const conf::Error& error : findings.in_file_order(*value)) lines += error.to_string() + "\n";
  CHECK(lines ==
        "/a/1/x~1y: duplicate key, expected each key once\n"
        "/~0: duplicate key, expected each key once\n"
        "/b: duplicate key, expected each key once\n"
        "/b/c: duplicate key, expected each key once\n");
  CHECK_FALSE(findings.usable("/b"));
  CHECK_FALSE(findings.usable("/b/c"));
  CHECK(findings.usable("/a/0"));
  CHECK_FALSE(findings.complete("/a"));
}

TEST_CASE("numbers keep the form they were written in") {
  CHECK(parsed("1e3").token() == "1e3");
  CHECK(parsed("1.0").token() == "1.0");
  CHECK(parsed("18446744073709551616").token() == "18446744073709551616");
  CHECK(parsed("-9223372036854775809").token() == "-9223372036854775809");
  CHECK(parsed("18446744073709551615").whole_number() == UINT64_MAX);
  CHECK_FALSE(parsed("18446744073709551616").whole_number());
  CHECK_FALSE(parsed("1e3").whole_number());
  CHECK_FALSE(parsed("-1").whole_number());
  CHECK(failure("[1e999]").starts_with("line 1, column 6: number overflow parsing '1e999'"));
}

TEST_CASE("tokens are short, escaped and never cut inside a character") {
  CHECK(parsed("null").token() == "null");
  CHECK(parsed("true").token() == "true");
  CHECK(parsed("[]").token() == "an empty list");
  CHECK(parsed("[1]").token() == "a list");
  CHECK(parsed("{}").token() == "an object");
  CHECK(parsed(R"("a\"b\\\n\u0000\u001b")").token() == R"("a\"b\\\u000a\u0000\u001b")");
  CHECK(conf::in_quotes(std::string(100, 'x')) == '"' + std::string(48, 'x') + "…\"");
  CHECK(conf::in_quotes(std::string(47, 'x') + "ééé") == '"' + std::string(47, 'x') + "…\"");
}
