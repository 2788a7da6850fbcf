// The pieces of lbctl: its command line, and how it tells errors from replies.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "test/temp_dir.h"
#include "tools/lbctl/arguments.h"
#include "tools/lbctl/exchange.h"
#include "tools/lbctl/reply.h"

namespace lbctl {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using Arguments = std::vector<const char*>;

Invocation parsed(const Arguments& arguments, const char* environment = nullptr) {
  const auto invocation = parse_arguments(arguments, environment);
  REQUIRE(invocation.has_value());
  return *invocation;
}

std::string error(const Arguments& arguments) {
  const auto invocation = parse_arguments(arguments, nullptr);
  REQUIRE_FALSE(invocation.has_value());
  return invocation.error();
}

TEST_CASE("lbctl: all words after the options are one line, dashes included") {
  const Invocation invocation =
      parsed({"lbctl", "--socket", "/x", "show", "--socket", "y", "--help", "json"});
  CHECK(invocation.socket == "/x");
  CHECK(invocation.line == "show --socket y --help json");
  CHECK_FALSE(invocation.document);
  CHECK_FALSE(invocation.ipvsadm);
}

TEST_CASE("lbctl: the option beats LBD_SOCKET, which beats the default") {
  CHECK(parsed({"lbctl", "help"}).socket == "/run/lbd/lbd.sock");
  CHECK(parsed({"lbctl", "help"}, "").socket == "/run/lbd/lbd.sock");
  CHECK(parsed({"lbctl", "help"}, "/env").socket == "/env");
  CHECK(parsed({"lbctl", "--socket=/opt", "help"}, "/env").socket == "/opt");
  CHECK(parsed({"/usr/sbin/ipvsadm"}, "/env").socket == "/env");
}

TEST_CASE("lbctl: how long to wait for lbd") {
  CHECK(parsed({"lbctl", "help"}).timeout == kDefaultTimeout);
  CHECK(parsed({"ipvsadm"}).timeout == kDefaultTimeout);
  CHECK(parsed({"lbctl", "--timeout", "2", "help"}).timeout == 2s);
  CHECK(parsed({"lbctl", "--timeout=0", "--socket", "/x", "help"}).timeout == 0s);
  CHECK(error({"lbctl", "--timeout"}) == "--timeout: missing value (expected SECONDS)");
  for (const char* wrong : {"", "2s", "-1", "1.5", "86401", "99999999999"}) {
    CHECK(error({"lbctl", "--timeout", wrong, "help"}) ==
          "--timeout: found \"" + std::string(wrong) +
              "\", expected whole seconds, 0 (none) to 86400");
  }
}

TEST_CASE("lbctl: called as ipvsadm it has no options of its own") {
  CHECK(parsed({"ipvsadm"}).line == "ipvsadm");
  CHECK(parsed({"/sbin/ipvsadm", "--help"}).line == "ipvsadm --help");
  CHECK(parsed({"./ipvsadm", "-Ln"}).ipvsadm);
  CHECK(parsed({"lbctl", "ipvsadm", "-Ln"}).line == "ipvsadm -Ln");
  CHECK(parsed({"lbctl", "ipvsadm", "-Ln"}).ipvsadm);
}

TEST_CASE("lbctl: standard input follows a last dash and ipvsadm's restore") {
  CHECK(parsed({"lbctl", "plan", "-"}).document);
  CHECK(parsed({"lbctl", "plan", "-", "json"}).document);
  CHECK_FALSE(parsed({"lbctl", "plan", "json", "-", "x"}).document);
  CHECK_FALSE(parsed({"lbctl", "show", "services", "json"}).document);
  CHECK(parsed({"ipvsadm", "-R"}).document);
  CHECK(parsed({"ipvsadm", "--restore"}).document);
  CHECK(parsed({"lbctl", "ipvsadm", "-R"}).document);
  CHECK_FALSE(parsed({"lbctl", "show", "-R"}).document);
}

TEST_CASE("lbctl: help and version") {
  CHECK(parsed({"lbctl", "--help"}).action == Invocation::Action::kHelp);
  CHECK(parsed({"lbctl", "-h"}).action == Invocation::Action::kHelp);
  CHECK(parsed({"lbctl", "--version"}).action == Invocation::Action::kVersion);
}

TEST_CASE("lbctl: white space in a word goes out as blanks") {
  CHECK(parsed({"lbctl", "add", "service", "{\n \"a\":\t1}"}).line == "add service {  \"a\": 1}");
}

TEST_CASE("lbctl: what cannot be sent is refused") {
  CHECK(error({"lbctl"}) == "no command (lbctl help lists the daemon's)");
  CHECK(error({"lbctl", "--socket"}) == "--socket: missing value (expected PATH)");
  CHECK(error({"lbctl", "--sock", "x"}) ==
        "unknown option --sock (options stand before the first word; lbctl --help lists them)");
  CHECK(error({"ipvsadm", "-t", ""}) == "an empty word cannot be sent");
}

struct Result {
  std::string output;
  std::optional<DaemonError> error;
};

// Fed at once and byte by byte: where the pieces end must not matter.
Result feed(std::string_view bytes, size_t step) {
  Result result;
  Reply reply([&](std::string_view piece) { result.output += piece; });
  for (size_t at = 0; at < bytes.size(); at += step) reply.consume(bytes.substr(at, step));
  result.error = reply.finish();
  return result;
}

// A daemon that reads `reads` bytes, answers and is gone.
std::expected<bool, std::string> exchange_with(size_t reads, std::string_view answer,
                                               std::string_view document, std::string& received) {
  std::array<int, 2> ends{}, input{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  REQUIRE(pipe(input.data()) == 0);
  std::thread daemon([&] {
    std::vector<char> bytes(reads);
    if (reads > 0) recv(ends[1], bytes.data(), reads, MSG_WAITALL);
    send(ends[1], answer.data(), answer.size(), MSG_NOSIGNAL);
    close(ends[1]);
  });
  if (reads == 0) daemon.join();
  // A pipe holds 64 kB, and the document is less.
  REQUIRE(write(input[1], document.data(), document.size()) ==
          static_cast<ssize_t>(document.size()));
  close(input[1]);
  const auto result = exchange(ends[0], "show info", document.empty() ? -1 : input[0], 10s,
                               [&](std::string_view bytes) { received += bytes; });
  if (daemon.joinable()) daemon.join();
  close(ends[0]);
  close(input[0]);
  return result;
}

TEST_CASE("lbctl: a daemon that hangs up has not answered") {
  std::string received;
  // Its whole line, "show info\n", is read: silence is an answer.
  CHECK(exchange_with(10, "", "", received) == false);
  CHECK(received.empty());
  CHECK(exchange_with(10, "text\n", "", received) == true);
  CHECK(received == "text\n");
  // All but the newline: the kernel tells lbctl that the daemon did not come to the end.
  const auto half = exchange_with(9, "ha", "", received);
  REQUIRE_FALSE(half.has_value());
  CHECK(half.error().starts_with("lbd hung up before the end of its answer"));
  CHECK(received == "text\nha");
  for (const size_t reads : {size_t{0}, size_t{1000}}) {
    CHECK_FALSE(exchange_with(reads, "", std::string(50'000, 'd'), received).has_value());
  }
  received.clear();
  CHECK(exchange_with(0, "error: no\n", "document", received).has_value());
  CHECK(received == "error: no\n");
}

TEST_CASE(
    "lbctl: a daemon that hangs is not waited for for ever, one that waits for a document is") {
  std::array<int, 2> ends{}, input{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  const auto hung = exchange(ends[0], "show info", -1, 1s, [](std::string_view) {});
  REQUIRE_FALSE(hung.has_value());
  CHECK(hung.error() == "lbd has not answered for 1 s");
  close(ends[0]);
  close(ends[1]);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  REQUIRE(pipe(input.data()) == 0);
  std::string received;
  std::thread late([&] {
    std::this_thread::sleep_for(1500ms);  // longer than lbctl's patience: that is the case
    close(input[1]);
    char byte;
    while (recv(ends[1], &byte, 1, 0) > 0) {
    }
    send(ends[1], "done\n", 5, MSG_NOSIGNAL);
    close(ends[1]);
  });
  CHECK(exchange(ends[0], "plan -", input[0], 1s,
                 [&](std::string_view bytes) { received += bytes; }) == true);
  late.join();
  CHECK(received == "done\n");
  close(ends[0]);
  close(input[0]);
}

TEST_CASE("lbctl: a daemon that takes no connections any more is not waited for for ever") {
  const shared_test::TempDir directory;
  const std::string path = directory / "s";
  const int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(listen(listening, 0) == 0);
  std::vector<int> waiting;
  std::expected<int, std::string> last = connect_to(path, 1s);
  while (last && waiting.size() < 10) {
    waiting.push_back(*last);
    last = connect_to(path, 1s);
  }
  REQUIRE_FALSE(last.has_value());
  CHECK(last.error().starts_with("no lbd answers at " + path));
  for (const int fd : waiting) close(fd);
  close(listening);
}

TEST_CASE("lbctl: replies and errors") {
  for (const size_t step : {size_t{1}, size_t{1000}}) {
    for (const std::string_view text :
         {"", "table\n", "e", "error", "error 1", "error 12 seen: 5\n", "error : x\n",
          "errors: 5\n", "error 1234: x\n", " error: x\n", "{\"error: \":1}\n"}) {
      const Result result = feed(text, step);
      CHECK(result.output == text);
      CHECK_FALSE(result.error.has_value());
    }
    const auto check = [&](std::string_view bytes, int status, std::string_view text) {
      const Result result = feed(bytes, step);
      CHECK(result.output.empty());
      REQUIRE(result.error.has_value());
      CHECK(result.error->status == status);
      CHECK(result.error->text == text);
    };
    check("error: no such thing\n", 1, "no such thing");
    check("error 255: Try `ipvsadm -h'\n", 255, "Try `ipvsadm -h'");
    check("error 2: a: b\n", 2, "a: b");
    check("error 0: not success\n", 1, "not success");
    check("error 256: too large\n", 1, "too large");
    check("error: \n", 1, "");
  }
}

}  // namespace
}  // namespace lbctl
