// Each type of check against real sockets on loopback.
#include <utility>  // before Asio

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "conf/load.h"
#include "control/health/dns_message.h"
#include "control/health/http_exchange.h"
#include "control/health/table.h"
#include "test/control/health/peer.h"
#include "test/temp_dir.h"

namespace control {
namespace {

using health::Result;
using test::closed_port;
using test::Peer;
using test::say;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Whatever the type's options say, with their defaults.
conf::HealthCheck check_of(const std::string& json) {
  const conf::Vocabulary vocabulary{
      {{"wlc", "weighted"}}, {{"nat", "rewrite"}}, health::described()};
  const auto config = conf::load(
      R"({"interfaces": [{"name": "a", "device": "a", "addresses": ["10.1.0.1/24"]}],
          "services": [{"protocol": "tcp", "address": "10.1.0.9:80", "health_check": )" +
          json + "}]}",
      vocabulary);
  if (!config) FAIL(config.error()[0].to_string());
  return *config->services[0].health_check;
}

lb::Endpoint loopback(uint16_t port) { return {*lb::IpAddress::parse("127.0.0.1"), port}; }

Result run(const std::string& json, uint16_t port, std::chrono::milliseconds timeout = 5s) {
  boost::asio::io_context io;
  const conf::HealthCheck config = check_of(json);
  const auto check = health::find(config.type)->make(io, config.options);
  std::optional<Result> result;
  const auto probe =
      check->start(loopback(port), timeout, [&](Result told) { result = std::move(told); });
  CHECK_FALSE(result);
  const auto deadline = Clock::now() + 10s;
  while (!result && Clock::now() < deadline) io.run_one_for(100ms);
  REQUIRE(result);
  return *result;
}

std::string page(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

TEST_CASE("check tcp: an open port, a closed one") {
  const Peer peer(SOCK_STREAM);
  const Result open = run(R"({"type": "tcp"})", peer.port());
  CHECK(open.passed);
  const Result closed = run(R"({"type": "tcp"})", closed_port(SOCK_STREAM));
  CHECK_FALSE(closed.passed);
  CHECK(closed.reason == "connect: refused");
}

TEST_CASE("check http: statuses, texts, garbage, silence, ends") {
  struct Case {
    std::string json, answer;
    bool passed;
    std::string reason;
  };
  const std::string huge(1 << 20, 'x');
  const std::vector<Case> cases = {
      {"", page("200 OK", "hello"), true, "status 200"},
      {R"(, "body": "ell")", page("200 OK", "hello"), true, "status 200"},
      {R"(, "body": "elk")", page("200 OK", "hello"), false,
       "status 200, but not the expected text in its body"},
      {"", page("503 Unwell", ""), false, "status 503, expected 200-299"},
      {R"(, "status": "200,500-503")", page("503 Unwell", ""), true, "status 503"},
      {"", page("200 OK", huge), true, "status 200"},
      {R"(, "body": "y")", page("200 OK", huge), false,
       "status 200, but not the expected text in the first 256 kB of its body"},
      {R"(, "body": "xxx")", page("200 OK", huge), true, "status 200"},
      {R"(, "body": "hello world")",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello "
       "\r\n5\r\nworld\r\n0\r\n\r\n",
       true, "status 200"},
      {R"(, "body": "hello")", "HTTP/1.0 200 OK\r\n\r\nhello", true, "status 200"},
      {R"(, "method": "HEAD")", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, "status 200"},
      {"", "", false, "response: closed without one"},
      {"", "HTTP/1.1 200 OK\r\nConte", false, "response: closed in its head"},
      {"", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false, "response: not HTTP (bad version)"},
      {"", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", true, "status 200"},
      {"", "HTTP/1.1 2000\r\n\r\n", false, "response: not HTTP (bad status)"},
      {R"(, "body": "b\n\nc")", "HTTP/1.0 200\nServer: small\n\na\rb\n\nc", true, "status 200"},
      {R"(, "body": "b\r\n")", "HTTP/1.0 200\nServer: small\n\na\rb\n\nc", false,
       "status 200, but not the expected text in its body"},
      {R"(, "body": "hello")",
       "HTTP/1.1 100\r\n\r\nHTTP/1.1 103 Early Hints\nLink: </a>\n\n" + page("200 OK", "hello"),
       true, "status 200"},
      {"", "HTTP/1.1 103 Early Hints\r\n\r\n" + page("503 Unwell", ""), false,
       "status 503, expected 200-299"},
      {"", "HTTP/1.1 103 Early Hints\r\n\r\n", false, "response: closed without one"},
      {R"(, "status": "100-199")", "HTTP/1.1 103 Early Hints\r\n\r\n", true, "status 103"},
      {"", "HTTP/1.1 101 Switching Protocols\r\n\r\n", false, "status 101, expected 200-299"},
  };
  for (const Case& test : cases) {
    const Peer peer(SOCK_STREAM, say(test.answer));
    const std::string json = R"({"type": "http")" + test.json + "}";
    const Result result = run(json, peer.port());
    INFO(test.json << test.answer.substr(0, 60));
    CHECK(result.reason == test.reason);
    CHECK(result.passed == test.passed);

    const conf::HealthCheck check = check_of(json);
    const health::HttpWish wish(check.options);
    health::HttpAnswer in_bytes(wish);
    const bool early = std::ranges::any_of(test.answer, [&](char c) {
      return in_bytes.feed({&c, 1});
    });
    CHECK((early || in_bytes.end()));
    CHECK(in_bytes.reason() == test.reason);
    CHECK(in_bytes.passed() == test.passed);
  }
}

TEST_CASE("check http: one that accepts and never answers, one that resets") {
  const Peer silent(SOCK_STREAM);
  CHECK(run(R"({"type": "http"})", silent.port(), 50ms).reason ==
        "response: nothing within 0.05 s");
  const Peer resetting(SOCK_STREAM, [](int client) {
    char request[16];
    recv(client, request, sizeof(request), 0);  // the rest unread: closing resets
  });
  CHECK(run(R"({"type": "http"})", resetting.port()).reason == "response: reset");
}

TEST_CASE("check http: what is sent") {
  std::string request(4096, '\0');
  {
    const Peer peer(SOCK_STREAM, [&](int client) {
      request.resize(static_cast<size_t>(recv(client, request.data(), request.size(), 0)));
      const std::string answer = page("200 OK", "");
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    });
    CHECK(run(R"({"type": "http", "path": "/a?b", "host": "example.org"})", peer.port()).passed);
  }
  CHECK(request ==
        "GET /a?b HTTP/1.1\r\nHost: example.org\r\nUser-Agent: lbd\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n");
}

// A self-signed certificate for a name, in a file.
class TlsPeer {
 public:
  TlsPeer(const std::string& name, const std::string& file)
      : context_(SSL_CTX_new(TLS_server_method())), key_(EVP_EC_gen("P-256")), x509_(X509_new()) {
    X509_set_version(x509_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509_), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509_), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509_), 3600);
    X509_set_pubkey(x509_, key_);
    X509_NAME* subject = X509_get_subject_name(x509_);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509_, subject);
    X509_sign(x509_, key_, EVP_sha256());
    SSL_CTX_use_certificate(context_, x509_);
    SSL_CTX_use_PrivateKey(context_, key_);
    FILE* out = fopen(file.c_str(), "w");
    PEM_write_X509(out, x509_);
    fclose(out);
    peer_.emplace(SOCK_STREAM, [this](int client) { serve(client); });
  }
  ~TlsPeer() {
    peer_.reset();
    X509_free(x509_);
    EVP_PKEY_free(key_);
    SSL_CTX_free(context_);
  }
  uint16_t port() const { return peer_->port(); }

 private:
  void serve(int client) const {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, client);
    char request[4096];
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
      const std::string answer = page("200 OK", "hello");
      SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
    }
    SSL_free(ssl);
  }

  SSL_CTX* context_;
  EVP_PKEY* key_;
  X509* x509_;
  std::optional<Peer> peer_;
};

TEST_CASE(
    "check https: certificates that are right, of another name, of nobody; or none are asked") {
  const shared_test::TempDir directory;
  const std::string file = directory / "ca.pem";
  const TlsPeer peer("shop.example.org", directory / "ca.pem");
  const auto verdict = [&](const std::string& more, uint16_t port) {
    return run(R"({"type": "https", "body": "hello")" + more + "}", port);
  };
  const std::string ca = R"(, "ca_file": ")" + file + R"(")";
  CHECK(verdict(R"(, "host": "shop.example.org")" + ca, peer.port()).reason == "status 200");
  CHECK(verdict(R"(, "host": "10.0.0.1", "sni": "shop.example.org")" + ca, peer.port()).passed);
  CHECK(verdict(R"(, "host": "other.example.org")" + ca, peer.port()).reason ==
        "certificate: hostname mismatch");
  CHECK(verdict(ca, peer.port()).reason == "certificate: IP address mismatch");
  CHECK(verdict(R"(, "host": "shop.example.org")", peer.port()).reason ==
        "certificate: self-signed certificate");
  CHECK(verdict(R"(, "verify": false)", peer.port()).passed);
  CHECK(verdict(R"(, "ca_file": "/nonexistent/ca.pem")", peer.port()).reason ==
        "ca_file /nonexistent/ca.pem: No such file or directory");
  const Peer plain(SOCK_STREAM, say("HTTP/1.1 400 Bad Request\r\n\r\n"));
  CHECK_FALSE(verdict(R"(, "verify": false)", plain.port()).passed);
  const Peer silent(SOCK_STREAM);
  CHECK(run(R"({"type": "https"})", silent.port(), 50ms).reason == "tls: nothing within 0.05 s");
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
  const Peer unknown(SOCK_DGRAM, dns(3, ""));
  CHECK(run(question + "}", unknown.port()).reason == "answer: NXDOMAIN for www.example.org A");
  const Peer empty(SOCK_DGRAM, dns(0, ""));
  CHECK(run(question + R"(, "answer": "203.0.113.80"})", empty.port()).reason ==
        "answer: no A of www.example.org");
  CHECK(run(question + "}", closed_port(SOCK_DGRAM)).reason == "answer: port unreachable");
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
    if (size > 2) answer[2] = static_cast<char>(0x81);
    CHECK_FALSE(health::read_dns_answer(answer, question, health::dns_type("MX")));
  }
  CHECK(health::is_same_record("Mail.Example.org.", "mail.example.org"));
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
