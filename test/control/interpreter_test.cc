// Command lines: how they are split, found, refused and suggested.
#include "control/interpreter.h"

#include <array>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "control/command_table.h"
#include "test/control/fake_changes.h"

namespace control {
namespace {

Reply echo(Facts&, const Call& call) {
  std::string out = call.json ? "json" : "text";
  for (const std::string_view word : call.arguments) out.append(":").append(word);
  return out + "|" + std::string(call.document) + "\n";
}

Reply fail(Facts&, const Call&) { return std::unexpected(CommandError{"two\nlines", 7}); }

Reply fail_unforeseen(Facts&, const Call&) { throw std::out_of_range("key 'x' not found"); }

bool dash_last(std::span<const std::string_view> arguments) {
  return !arguments.empty() && arguments.back() == "-";
}

constexpr std::array kTable{
    Command{.words = "show", .grammar = "[X]", .help = "", .run = echo},
    Command{.words = "show all", .grammar = "", .help = "", .run = echo},
    Command{.words = "plan",
            .grammar = "[-]",
            .help = "",
            .level = Level::kAdmin,
            .json = false,
            .wants_document = dash_last,
            .run = echo},
    Command{.words = "fail", .grammar = "", .help = "", .run = fail},
    Command{.words = "throw", .grammar = "", .help = "", .run = fail_unforeseen},
};

struct Dispatch {
  test::FakeFacts facts = test::small_director();
  test::FakeChanges changes;
  Interpreter interpreter{kTable, facts, &changes};

  std::string run(std::string_view line, Level level = Level::kAdmin) {
    return interpreter.execute(line, level, "doc");
  }
};

TEST_CASE_METHOD(Dispatch,
                 "words are split at blanks and tabs, a carriage return at the end is ignored") {
  CHECK(run("  show \t a   b ") == "text:a:b|doc\n");
  CHECK(run("show a\r") == "text:a|doc\n");
}

TEST_CASE_METHOD(Dispatch, "a line that is not UTF-8 is refused, and all that is one is taken") {
  CHECK(run("show \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80") ==
        "text:\xc3\xa4:\xe2\x82\xac:\xf0\x9f\x98\x80|doc\n");
  CHECK(run("show \xff\xfe") == "error: byte 6 of the command line, 0xff, is not UTF-8\n");
  CHECK(run("show \xc3") == "error: byte 6 of the command line, 0xc3, is not UTF-8\n");
  CHECK(run("show a\xc3(") == "error: byte 7 of the command line, 0xc3, is not UTF-8\n");
  CHECK(run("show \xc0\xaf") == "error: byte 6 of the command line, 0xc0, is not UTF-8\n");
  CHECK(run("show \xed\xa0\x80") == "error: byte 6 of the command line, 0xed, is not UTF-8\n");
}

TEST_CASE_METHOD(Dispatch, "an exception ends its command alone") {
  CHECK(run("throw") == "error: throw: a defect of lbd: key 'x' not found\n");
  CHECK(run("show a") == "text:a|doc\n");
}

TEST_CASE("lines that change something are told from those that look") {
  test::FakeFacts facts = test::small_director();
  test::FakeChanges changes;
  const Interpreter interpreter(command_table(), facts, &changes);
  const auto is_change = [&](std::string_view line) {
    return interpreter.is_change(line, Level::kAdmin);
  };
  for (const char* line : {"show services", "show config json", "help", "plan -", "ipvsadm",
                           "ipvsadm -Ln", "ipvsadm -S", "ipvsadm --help", "ipvsadm nonsense",
                           "nonsense", "explain tcp 1.2.3.4:5 6.7.8.9:80"}) {
    INFO(line);
    CHECK_FALSE(is_change(line));
  }
  for (const char* line :
       {"reload", "save", "set vips active", "add server none 1.2.3.4", "delete service none",
        "ipvsadm -C", "ipvsadm -Z", "ipvsadm -R", "ipvsadm -A -t 1.2.3.4:80",
        "ipvsadm -e -t 1.2.3.4:80 -r 1.2.3.5:80 -w 3", "ipvsadm --set 1 2 3"}) {
    INFO(line);
    CHECK(is_change(line));
  }
  CHECK(interpreter.answer("delete service none", Level::kAdmin, "").error ==
        "no service \"none\"; services: none");
  CHECK(interpreter.answer("show info", Level::kAdmin, "").error.empty());
}

TEST_CASE_METHOD(Dispatch, "the longest command that matches is meant") {
  CHECK(run("show all") == "text|doc\n");
  CHECK(run("show alla") == "text:alla|doc\n");
}

TEST_CASE_METHOD(Dispatch, "a trailing json is taken off where the command understands it") {
  CHECK(run("show a json") == "json:a|doc\n");
  CHECK(run("show json") == "json|doc\n");
  CHECK(run("plan json") == "text:json|doc\n");
}

TEST_CASE_METHOD(Dispatch, "arguments of a command without any are refused") {
  CHECK(run("show all of it") == "error: show all: unexpected \"of\"; usage: show all [json]\n");
}

TEST_CASE_METHOD(Dispatch, "control bytes are refused, NUL first") {
  CHECK(run(std::string_view("show\0a", 6)) ==
        "error: byte 5 of the command line is the control byte 0x00\n");
  CHECK(run("show \x1b[2J") == "error: byte 6 of the command line is the control byte 0x1b\n");
  CHECK(run("show \x7f") == "error: byte 6 of the command line is the control byte 0x7f\n");
}

TEST_CASE_METHOD(Dispatch, "an empty line is an error") {
  CHECK(run("") == "error: no command; \"help\" lists the commands\n");
  CHECK(run(" \t ") == "error: no command; \"help\" lists the commands\n");
}

TEST_CASE_METHOD(Dispatch, "a read socket may not execute what an admin socket may") {
  CHECK(run("plan -", Level::kRead) ==
        "error: plan: this socket may only look; use one with level admin\n");
  CHECK(run("show", Level::kRead) == "text|doc\n");
}

TEST_CASE_METHOD(Dispatch,
                 "a document is wanted by the arguments, and not for a line that will fail") {
  CHECK(interpreter.wants_document("plan -", Level::kAdmin));
  CHECK_FALSE(interpreter.wants_document("plan", Level::kAdmin));
  CHECK_FALSE(interpreter.wants_document("plan -", Level::kRead));
  CHECK_FALSE(interpreter.wants_document("show -", Level::kAdmin));
  CHECK_FALSE(interpreter.wants_document("nonsense -", Level::kAdmin));
}

TEST_CASE_METHOD(Dispatch, "an error is one line with its status") {
  CHECK(run("fail") == "error 7: two lines\n");
}

TEST_CASE("where nothing can be changed, commands that change are refused and others are not") {
  test::FakeFacts facts = test::small_director();
  const Interpreter interpreter(kTable, facts);
  CHECK(interpreter.execute("plan -", Level::kAdmin, "doc") ==
        "error: plan: nothing can be changed here\n");
  CHECK(interpreter.execute("show a", Level::kAdmin, "doc") == "text:a|doc\n");
  const Interpreter real(command_table(), facts);
  for (const Command& command : command_table()) {
    if (command.level != Level::kAdmin) continue;
    CHECK(real.execute(command.words, Level::kAdmin, "") ==
          "error: " + std::string(command.words) + ": nothing can be changed here\n");
  }
  CHECK(real.execute("plan -", Level::kRead, "{}") == "error: nothing can be changed here\n");
}

TEST_CASE("an unknown command earns the nearest one") {
  test::FakeFacts facts;
  const Interpreter interpreter(command_table(), facts);
  const auto run = [&](std::string_view line) {
    return interpreter.execute(line, Level::kAdmin, "");
  };
  CHECK(run("show servces") ==
        "error: unknown command \"show servces\"; did you mean \"show services\"?\n");
  CHECK(run("shw workers json") ==
        "error: unknown command \"shw workers\"; did you mean \"show workers\"?\n");
  CHECK(run("ipvsdm -L") == "error: unknown command \"ipvsdm -L\"; did you mean \"ipvsadm\"?\n");
  CHECK(run("halp") == "error: unknown command \"halp\"; did you mean \"help\"?\n");
  CHECK(run("reboot now") ==
        "error: unknown command \"reboot now\"; \"help\" lists the commands\n");
  CHECK(run(std::string(5000, 'x')).size() < 200);
}

TEST_CASE("a command that is only begun earns its continuations") {
  test::FakeFacts facts;
  const Interpreter interpreter(command_table(), facts);
  CHECK(interpreter.execute("show", Level::kRead, "") ==
        "error: \"show\" needs one more word: info, services, health, connections, interfaces, "
        "neighbours, "
        "workers, drops, config, metrics\n");
}

}  // namespace
}  // namespace control
