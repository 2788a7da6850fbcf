// Checks by HTTP and HTTPS against real sockets on loopback.
#include "test/control/health/ask.h"  // first: includes Asio

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>

#include "control/health/http_exchange.h"
#include "control/health/https.h"
#include "test/control/health/peer.h"
#include "test/temp_dir.h"

namespace control {
namespace {

using health::Result;
using test::check_of;
using test::Peer;
using test::run;
using test::say;
using namespace std::chrono_literals;

std::string page(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

TEST_CASE("check http: statuses, texts, garbage, silence, ends") {
  struct Case {
    std::string json, answer;
    bool passed;
    std::string reason;
  };
  const std::string huge(1 << 20, 'x');
  const auto interims = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "HTTP/1.1 100 Continue\r\n\r\n";
    return text;
  };
  const std::vector<Case> cases = {
      {"", page("200 OK", "hello"), true, "status 200"},
      {"", interims(20) + page("200 OK", "hello"), true, "status 200"},
      {"", interims(21), false, "status 100, again and again, expected 200-299"},
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
      {"", "HTTP/1.1 000 X\r\n\r\n", false, "status 0, expected 200-299"},
      {R"(, "body": "y")",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(100000, 'x'), false,
       "response: a line without an end"},
      {R"(, "body": "y")",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + std::string(100000, 'x'),
       false, "response: a line without an end"},
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
  const auto sent = [](const std::string& json) {
    std::string request(4096, '\0');
    const Peer peer(SOCK_STREAM, [&](int client) {
      request.resize(static_cast<size_t>(recv(client, request.data(), request.size(), 0)));
      const std::string answer = page("200 OK", "");
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    });
    CHECK(run(json, peer.port()).passed);
    return request;
  };
  CHECK(sent(R"({"type": "http", "path": "/a?b", "host": "example.org"})") ==
        "GET /a?b HTTP/1.1\r\nHost: example.org\r\nUser-Agent: lbd\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n");
  CHECK(sent(R"({"type": "http", "method": "POST", "host": "example.org"})") ==
        "POST / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: lbd\r\nAccept: */*\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n");
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

TEST_CASE("check https: what the Schema says of a text, the check of it says too") {
  const std::string samples[] = {
      "GET",  "get",       "",    " ",    "a b", "a\nb", "\x7f", "\xc3\xbc",    "/",    "/a",
      "/a b", "a.example", "200", "0999", "999", "1000", "099",  "200-299,401", "200-", "2 0 0"};
  size_t texts = 0;
  for (const conf::Property& property : health::https_options()) {
    const auto* text = std::get_if<conf::Text>(&property.shape.kind);
    if (text == nullptr || text->format == nullptr) continue;
    ++texts;
    const std::regex pattern(text->pattern);
    for (const std::string& sample : samples) {
      INFO(property.name << ": " << sample);
      CHECK(std::regex_match(sample, pattern) == !text->format(sample));
    }
  }
  CHECK(texts == 7);
}

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

TEST_CASE("check https: authorities that are renewed are read again, and useless ones are not") {
  const shared_test::TempDir directory;
  const std::string file = directory / "ca.pem";
  const auto replace = [&](const std::string& text) {
    const std::string fresh = directory / "fresh.pem";
    std::ofstream(fresh) << text;
    REQUIRE(rename(fresh.c_str(), file.c_str()) == 0);
  };
  const auto text_of = [](const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  };
  const TlsPeer old_peer("shop.example.org", directory / "old.pem");
  const TlsPeer new_peer("shop.example.org", directory / "new.pem");
  const std::string json =
      R"({"type": "https", "host": "shop.example.org", "ca_file": ")" + file + R"("})";
  test::Asker first(json);
  CHECK(first.ask(old_peer.port()).reason == "ca_file " + file + ": No such file or directory");
  replace(text_of(directory / "old.pem"));
  test::Asker second(json);
  for (test::Asker* one : {&first, &second}) {
    CHECK(one->ask(old_peer.port()).passed);
    CHECK(one->ask(new_peer.port()).reason == "certificate: self-signed certificate");
  }
  replace(text_of(directory / "new.pem"));
  for (test::Asker* one : {&first, &second}) {
    CHECK(one->ask(new_peer.port()).passed);
    CHECK(one->ask(old_peer.port()).reason == "certificate: self-signed certificate");
  }
  replace("no certificate");
  for (test::Asker* one : {&first, &second}) CHECK(one->ask(new_peer.port()).passed);
}

}  // namespace
}  // namespace control
