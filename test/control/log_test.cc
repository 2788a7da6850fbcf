// Lines of the log.
#include "control/log.h"

#include "control/log_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "test/temp_dir.h"

namespace control::log {
namespace {

// Standard error goes into a file meanwhile.
std::string capture(const auto& body) {
  const shared_test::TempDir dir;
  const std::string path = dir / "stderr";
  const int saved = dup(STDERR_FILENO);
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  dup2(file, STDERR_FILENO);
  close(file);
  body();
  dup2(saved, STDERR_FILENO);
  close(saved);
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// A pipe that takes little.
class NarrowPipe {
 public:
  NarrowPipe() {
    REQUIRE(pipe2(ends_, O_CLOEXEC) == 0);
    REQUIRE(fcntl(ends_[1], F_SETPIPE_SZ, 4096) == 4096);
  }
  ~NarrowPipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  int entrance() const { return ends_[1]; }
  std::string take() const {
    std::string out(8192, '\0');
    out.resize(static_cast<size_t>(::read(ends_[0], out.data(), out.size())));
    return out;
  }

 private:
  int ends_[2];
};

std::string lost(uint64_t lines) { return "lost " + std::to_string(lines) + "\n"; }

TEST_CASE("log: lines that nobody takes are lost and counted, and nobody waits for long") {
  const NarrowPipe pipe;
  LineSink sink(pipe.entrance());
  const std::string line = std::string(999, 'x') + '\n';
  sink.put(line, lost);
  for (int i = 0; i < 1000; ++i) sink.put(line, lost);
  const std::string before = pipe.take();
  CHECK(before == line);
  sink.put("next\n", lost);
  CHECK(pipe.take() == "lost 1000\nnext\n");
  sink.put("one more\n", lost);
  CHECK(pipe.take() == "one more\n");
}

TEST_CASE("log: a long line that was cut ends before the next") {
  const NarrowPipe pipe;
  LineSink sink(pipe.entrance());
  sink.put(std::string(10000, 'x') + '\n', lost);
  CHECK(pipe.take() == std::string(4096, 'x'));
  sink.put("next\n", lost);
  CHECK(pipe.take() == "\nlost 1\nnext\n");
}

TEST_CASE("log: time, level and text") {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(1795608000123)};
  CHECK(format_line(Level::kInfo, time, false, "text") == "2026-11-25T12:00:00.123Z info: text\n");
  CHECK(format_line(Level::kError, time, false, "").ends_with("Z error: \n"));
}

TEST_CASE("log: a journal gets syslog's priorities instead") {
  CHECK(format_line(Level::kError, {}, true, "x") == "<3>x\n");
  CHECK(format_line(Level::kWarning, {}, true, "x") == "<4>x\n");
  CHECK(format_line(Level::kNotice, {}, true, "x") == "<5>x\n");
  CHECK(format_line(Level::kInfo, {}, true, "x") == "<6>x\n");
  CHECK(format_line(Level::kDebug, {}, true, "x") == "<7>x\n");
}

TEST_CASE("log: control bytes are escaped, so that a line stays a line") {
  CHECK(
      format_line(Level::kInfo, {}, true, std::string_view("a\n<3>b\0c\x1b[0m\x7f\xc3\xa9", 15)) ==
      "<6>a\\x0a<3>b\\x00c\\x1b[0m\\x7f\xc3\xa9\n");
}

TEST_CASE("log: the journal is recognised by its file, not by the variable alone") {
  struct stat found {};
  REQUIRE(fstat(STDERR_FILENO, &found) == 0);
  const std::string own = fmt::format("{}:{}", found.st_dev, found.st_ino);
  CHECK(is_journal(own.c_str(), STDERR_FILENO));
  CHECK_FALSE(is_journal("1:2", STDERR_FILENO));
  CHECK_FALSE(is_journal(nullptr, STDERR_FILENO));
}

TEST_CASE("log: the threshold decides, and templates format") {
  const std::string text = capture([] {
    debug("not {}", "this");
    set_threshold(Level::kDebug);
    debug("but {}", "this");
    set_threshold(Level::kWarning);
    info("nor that");
    warning("{} {}", 1, 2);
    set_threshold(Level::kInfo);
  });
  CHECK(std::ranges::count(text, '\n') == 2);
  CHECK(text.find("debug: but this\n") != std::string::npos);
  CHECK(text.find("warning: 1 2\n") != std::string::npos);
}

TEST_CASE("log: lines of several threads do not mix") {
  const std::string text = capture([] {
    std::vector<std::jthread> threads;
    for (const char letter : {'a', 'b', 'c', 'd'}) {
      threads.emplace_back([letter] {
        for (int i = 0; i < 100; ++i) info("{}", std::string(200, letter));
      });
    }
  });
  std::istringstream lines(text);
  std::string line;
  size_t count = 0;
  while (std::getline(lines, line)) {
    ++count;
    const std::string payload = line.substr(line.size() - 200);
    REQUIRE(payload == std::string(200, payload[0]));
  }
  CHECK(count == 400);
}

}  // namespace
}  // namespace control::log
