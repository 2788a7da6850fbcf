// Each type of check against real sockets on loopback; http and https are in http_test.cc.
#include "test/control/health/ask.h"  // first: includes Asio

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "control/health/attempt.h"
#include "control/health/dns_message.h"
#include "test/control/health/peer.h"
#include "test/temp_dir.h"

namespace control {
namespace {

using health::Result;
using test::check_of;
using test::closed_port;
using test::file_of;
using test::loopback;
using test::Peer;
using test::run;
using test::say;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST_CASE("check tcp: an open port, a closed one") {
  const Peer peer(SOCK_STREAM);
  const Result open = run(R"({"type": "tcp"})", peer.port());
  CHECK(open.passed);
  const Result closed = run(R"({"type": "tcp"})", closed_port(SOCK_STREAM));
  CHECK_FALSE(closed.passed);
  CHECK(closed.reason == "connect: refused");
}

Peer::Serve echo(const std::string& prefix) {
  return [prefix](int fd) {
    for (;;) {
      char data[4096];
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      const ssize_t n =
          recvfrom(fd, data, sizeof(data), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= 0) return;
      const std::string answer = prefix + std::string(data, static_cast<size_t>(n));
      sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  };
}

TEST_CASE("check udp: an answer, another one, silence, a closed port") {
  const Peer echoing(SOCK_DGRAM, echo("you said "));
  const Peer silent(SOCK_DGRAM);
  CHECK(run(R"({"type": "udp", "payload": "a", "expect": "said a"})", echoing.port()).passed);
  CHECK(run(R"({"type": "udp", "payload": "hex:6100", "expect": "hex:206100"})", echoing.port())
            .passed);
  CHECK(run(R"({"type": "udp", "payload": "a", "expect": "b"})", echoing.port(), 50ms).reason ==
        "answer: not the expected one");
  CHECK(run(R"({"type": "udp", "payload": "a"})", silent.port(), 50ms).reason == "no error");
  CHECK(run(R"({"type": "udp", "payload": "a", "expect": "b"})", silent.port(), 50ms).reason ==
        "answer: nothing within 0.05 s");
  CHECK(run(R"({"type": "udp"})", closed_port(SOCK_DGRAM)).reason == "answer: port unreachable");
}

// Answers every question with one code and one A record.
Peer::Serve dns(uint8_t code, std::string address) {
  return [code, address](int fd) {
    for (;;) {
      char data[512];
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      const ssize_t n =
          recvfrom(fd, data, sizeof(data), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= 0) return;
      std::string answer(data, static_cast<size_t>(n));
      answer[2] = static_cast<char>(0x81);
      answer[3] = static_cast<char>(code);
      if (!address.empty()) {
        answer[7] = 1;
        answer += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12);
        in_addr parsed{};
        inet_aton(address.c_str(), &parsed);
        answer.append(reinterpret_cast<const char*>(&parsed), 4);
      }
      sendto(fd, "garbage", 7, 0, reinterpret_cast<sockaddr*>(&from), size);
      sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  };
}

TEST_CASE("check dns: codes and records") {
  const std::string question = R"({"type": "dns", "name": "www.example.org", "query": "A")";
  const Peer good(SOCK_DGRAM, dns(0, "203.0.113.80"));
  CHECK(run(question + "}", good.port()).reason == "NOERROR");
  CHECK(run(question + R"(, "answer": "203.0.113.80"})", good.port()).passed);
  CHECK(run(question + R"(, "answer": "203.0.113.81"})", good.port()).reason ==
        "answer: 203.0.113.80, expected 203.0.113.81");
  const Peer cut(SOCK_DGRAM, [](int fd) {
    char data[512];
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    ssize_t n = 0;
    while ((n = recvfrom(fd, data, sizeof(data), 0, reinterpret_cast<sockaddr*>(&from), &size)) >
           0) {
      data[2] = static_cast<char>(0x81);
      data[7] = 1;  // a record, which is not there
      sendto(fd, data, static_cast<size_t>(n), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  });
  CHECK(run(question + "}", cut.port()).reason == "answer: malformed for www.example.org A");
  const Peer unknown(SOCK_DGRAM, dns(3, ""));
  CHECK(run(question + "}", unknown.port()).reason == "answer: NXDOMAIN for www.example.org A");
  const Peer empty(SOCK_DGRAM, dns(0, ""));
  CHECK(run(question + R"(, "answer": "203.0.113.80"})", empty.port()).reason ==
        "answer: no A of www.example.org");
  CHECK(run(question + "}", closed_port(SOCK_DGRAM)).reason == "answer: port unreachable");
}

TEST_CASE("dns: an address is the same in whatever form, a name whatever its case") {
  CHECK(health::is_same_record("2001:db8::1", "2001:db8:0:0:0:0:0:1"));
  CHECK(health::is_same_record("2001:DB8::1", "2001:db8::1"));
  CHECK_FALSE(health::is_same_record("2001:db8::1", "2001:db8::2"));
  CHECK_FALSE(health::is_same_record("192.0.2.1", "192.0.2.10"));
  CHECK(health::is_same_record("WWW.example.org", "www.example.org."));
}

TEST_CASE("dns: names that can be asked for, and bytes that are no answer") {
  CHECK(health::is_dns_name("."));
  CHECK(health::is_dns_name("a.example.org."));
  CHECK_FALSE(health::is_dns_name(""));
  CHECK_FALSE(health::is_dns_name("a b"));
  CHECK_FALSE(health::is_dns_name(std::string(80, 'a')));
  const std::string question = health::dns_question("example.org", health::dns_type("MX"));
  REQUIRE(question.size() > 12);
  CHECK_FALSE(health::read_dns_answer(question, question, health::dns_type("MX")));
  for (size_t size = 0; size < question.size(); ++size) {
    std::string answer = question.substr(0, size);
    CHECK_FALSE(health::read_dns_answer(answer, question, health::dns_type("MX")));
    if (size > 2) answer[2] = static_cast<char>(0x81);
    const auto cut = health::read_dns_answer(answer, question, health::dns_type("MX"));
    CHECK(cut.has_value() == (size > 2));
    if (cut) CHECK(cut->code == "malformed");
    if (size > 1) answer[1] ^= 1;
    CHECK_FALSE(health::read_dns_answer(answer, question, health::dns_type("MX")));
  }
  CHECK(health::is_same_record("Mail.Example.org.", "mail.example.org"));
}

TEST_CASE("udp: what is sent and looked for fits into what is looked at") {
  const auto of_bytes = [](size_t count) {
    return R"({"type": "udp", "payload": ")" + std::string(count, 'x') + R"(", "expect": "hex:)" +
           std::string(2 * count, 'a') + "\"}";
  };
  CHECK(file_of(of_bytes(4096)));
  const auto refused = file_of(of_bytes(4097));
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().size() == 2);
  for (const conf::Error& error : refused.error()) {
    CHECK(error.text.ends_with("; at most 4096 bytes"));
  }
}

TEST_CASE("check ping: loopback answers") {
  CHECK(run(R"({"type": "ping"})", 0).reason == "answered");
}

// Descriptors that are closed after Asio has found them ready, and before it says so: it says it to
// the program's instead, which have their places.
TEST_CASE("check command: a program that runs is not taken for ended") {
  boost::asio::io_context io;
  const shared_test::TempDir directory;
  const std::string file = directory / "pid";
  const conf::HealthCheck config =
      check_of(R"({"type": "command", "argv": ["/bin/sh", "-c", "echo $$ >)" + file +
               R"(; sleep 0.2; exit 3"]})");
  const auto check = health::find(config.type)->make(io, config.options);
  std::optional<Result> result;
  using Descriptor = boost::asio::posix::stream_descriptor;
  std::vector<Descriptor> ready;
  for (int i = 0; i < 3; ++i) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], "x", 1) == 1);
    close(ends[1]);
    ready.emplace_back(io, ends[0]);
  }
  const bool expires = GENERATE(false, true);
  for (Descriptor& descriptor : ready) {
    descriptor.async_wait(Descriptor::wait_read, [](boost::system::error_code) {});
  }
  boost::asio::post(io, [&] { ready.clear(); });
  auto probe = check->start(loopback(80), expires ? 100ms : 5s,
                            [&](Result told) { result = std::move(told); });
  const auto deadline = Clock::now() + 10s;
  while (!result && Clock::now() < deadline) io.run_one_for(100ms);
  REQUIRE(result);
  CHECK(result->reason == (expires ? "nothing within 0.1 s" : "exit status 3"));
  probe.reset();
  pid_t program = 0;
  std::ifstream(file) >> program;
  REQUIRE(program > 0);
  // Waited for, it is no zombie either.
  while (kill(program, 0) == 0 && Clock::now() < deadline) io.run_one_for(10ms);
  CHECK(kill(program, 0) != 0);
}

TEST_CASE("check command: status, output, environment, time-out") {
  const auto script = [](const std::string& text) {
    return R"({"type": "command", "argv": ["/bin/sh", "-c", ")" + text + R"("]})";
  };
  CHECK(run(script("exit 0"), 80).reason == "exit status 0");
  CHECK(run(script("echo well; echo more"), 80).reason == "well");
  CHECK(run(script("echo bad >&2; exit 3"), 80).reason == "exit status 3: bad");
  CHECK(run(script("kill -9 $$"), 80).reason == "signal 9");
  CHECK(run(script("test $LBD_ADDRESS:$LBD_PORT:$LBD_TIMEOUT = 127.0.0.1:80:5"), 80).passed);
  CHECK(run(script("head -c 1000000 /dev/zero"), 80).passed);
  CHECK(run(R"({"type": "command", "argv": ["/nonexistent/x"]})", 80).reason ==
        "/nonexistent/x: cannot be started: No such file or directory");
  const shared_test::TempDir directory;
  const std::string file = directory / "pid";
  const Result late = run(script("sleep 60 & echo $! > " + file + "; echo waits; wait"), 80, 500ms);
  CHECK(late.reason == "nothing within 0.5 s: waits");
  pid_t child = 0;
  std::ifstream(file) >> child;
  REQUIRE(child > 0);
  // It is dead, or somebody's who has not noticed yet.
  const auto gone = [&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string pid, name, state;
    return !(stat >> pid >> name >> state) || state == "Z";
  };
  const auto deadline = Clock::now() + 5s;
  while (!gone() && Clock::now() < deadline) std::this_thread::yield();
  CHECK(gone());
}

// Ends as if a system call had.
class Ending final : public health::Attempt {
 public:
  Ending(boost::asio::io_context& io, int error_number, health::Done done)
      : Attempt(io, std::move(done)), error_(error_number, boost::system::system_category()) {}

 private:
  void begin() override {
    phase_ = "connect";
    fail(error_);
  }
  void close() override {}

  Error error_;
};

TEST_CASE("checks: what lbd has no more of says nothing about the server") {
  const auto [number, undecided] = GENERATE(table<int, bool>({{EMFILE, true},
                                                              {ENFILE, true},
                                                              {ENOBUFS, true},
                                                              {EADDRNOTAVAIL, true},
                                                              {ECONNREFUSED, false},
                                                              {EHOSTUNREACH, false},
                                                              {ETIMEDOUT, false}}));
  boost::asio::io_context io;
  std::optional<Result> result;
  const auto probe = health::Attempt::launch(
      std::make_shared<Ending>(io, number, [&](Result told) { result = std::move(told); }), 5s);
  io.poll();
  REQUIRE(result);
  CHECK(result->undecided == undecided);
  CHECK_FALSE(result->passed);
  CHECK_THAT(result->reason, Catch::StartsWith("connect: "));
}

TEST_CASE("checks: options that no server could pass together are refused") {
  const auto verdict = [](const std::string& json) {
    const auto config = file_of(json);
    return config ? "ok" : conf::one_line(config.error());
  };
  const std::string at = "/services/0/health_check/";
  for (const std::string type : {"http", "https"}) {
    const std::string start = "{\"type\": \"" + type + "\", \"method\": ";
    CHECK(verdict(start + R"("HEAD", "body": "x"})") ==
          at + "body: found \"x\", expected no key: the answer to the method HEAD has no body");
    CHECK(verdict(start + R"("HEAD"})") == "ok");
    CHECK(verdict(start + R"("GET", "body": "x"})") == "ok");
  }
  const auto dns = [&](const std::string& query, const std::string& answer) {
    return verdict(R"({"type": "dns", "query": ")" + query + R"(", "answer": ")" + answer + "\"}");
  };
  CHECK(dns("A", "192.0.2.1") == "ok");
  CHECK(dns("AAAA", "2001:db8:0::1") == "ok");
  CHECK(dns("TXT", "1.2.3 4") == "ok");
  CHECK(dns("MX", "mail.example.org") == "ok");
  CHECK(dns("MX", "10 mail.example.org") ==
        at +
            "answer: found \"10 mail.example.org\", expected a name alone (without preference), as "
            "in records of type MX");
  CHECK(dns("A", "1.2.3") == at +
                                 "answer: found \"1.2.3\", expected an IPv4 address, as records of "
                                 "type A are");
  CHECK(dns("AAAA", "192.0.2.1") == at +
                                        "answer: found \"192.0.2.1\", expected an IPv6 address, as "
                                        "records of type AAAA are");
}

TEST_CASE("checks: a probe that is given up tells nobody, and a check may go at once after it") {
  for (const std::string json :
       {R"({"type": "tcp"})", R"({"type": "http"})", R"({"type": "https", "verify": false})",
        R"({"type": "udp"})", R"({"type": "dns"})", R"({"type": "ping"})",
        R"({"type": "command", "argv": ["/bin/sleep", "9"]})"}) {
    for (const int turns : {0, 1, 2, 3}) {
      INFO(json << " " << turns);
      const Peer silent(SOCK_STREAM);
      boost::asio::io_context io;
      const conf::HealthCheck config = check_of(json);
      auto check = health::find(config.type)->make(io, config.options);
      bool told = false;
      auto probe = check->start(loopback(silent.port()), 5s, [&](Result) { told = true; });
      for (int i = 0; i < turns; ++i) io.poll_one();
      const bool before = told;
      probe.reset();
      check.reset();
      io.poll();
      CHECK(told == before);
    }
  }
}

// What a long reply of the control thread's is to its loop.
void hold_up(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  while (Clock::now() < until) std::this_thread::yield();
}

TEST_CASE("checks: time in which the loop was held up is not the server's") {
  const std::string json = GENERATE(R"({"type": "http"})", R"({"type": "tcp"})",
                                    R"({"type": "command", "argv": ["/bin/sh", "-c", ":"]})");
  const int turns = GENERATE(0, 1, 2, 3);
  INFO(json << " " << turns);
  const Peer peer(SOCK_STREAM, say("HTTP/1.1 204 Well\r\n\r\n"));
  const Result result = test::Asker(json).ask(peer.port(), 200ms, [&](boost::asio::io_context& io) {
    for (int i = 0; i < turns; ++i) io.poll_one();
    hold_up(400ms);
  });
  INFO(result.reason);
  CHECK(result.passed);
}

TEST_CASE("checks: a loop that is always held up keeps no dead server alive") {
  const Peer silent(SOCK_DGRAM);
  boost::asio::io_context io;
  const conf::HealthCheck config = check_of(R"({"type": "udp", "payload": "a", "expect": "b"})");
  const auto check = health::find(config.type)->make(io, config.options);
  std::optional<Result> result;
  const auto probe =
      check->start(loopback(silent.port()), 100ms, [&](Result told) { result = std::move(told); });
  int held_up = 0;
  for (; !result && held_up < 50; ++held_up) {
    hold_up(60ms);
    io.poll();
  }
  REQUIRE(result);
  CHECK(result->reason == "answer: nothing within 0.1 s");
  CHECK(held_up < 10);
}

TEST_CASE("checks: thousands at once") {
  const Peer peer(SOCK_STREAM, [](int) {});
  boost::asio::io_context io;
  const conf::HealthCheck config = check_of(R"({"type": "tcp"})");
  const auto check = health::find(config.type)->make(io, config.options);
  std::vector<std::unique_ptr<health::Probe>> probes;
  size_t passed = 0, told = 0;
  for (int i = 0; i < 400; ++i) {
    probes.push_back(check->start(loopback(peer.port()), 10s, [&](const Result& result) {
      ++told;
      passed += result.passed;
    }));
  }
  const auto deadline = Clock::now() + 20s;
  while (told < probes.size() && Clock::now() < deadline) io.run_one_for(100ms);
  CHECK(passed == probes.size());
}

}  // namespace
}  // namespace control
