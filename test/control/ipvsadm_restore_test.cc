// -S and -R: what one prints the other reads, all of it or nothing.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "test/control/ipvsadm_director.h"

namespace control::ipvsadm {
namespace {

using test::IpvsadmDirector;

// As ipvsadm saved it, without its firewall mark; `options` are those of the forwarding method.
std::string recorded(std::string_view method, std::string_view tail = "") {
  return fmt::format(
      "-A -t 10.1.0.100:80 -s wrr\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.11:80 {0} -w 3{1}\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.12:80 {0} -w 2{1}\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.13:80 {0} -w 1{1}\n"
      "-A -t 10.1.0.100:8080 -s wlc -p 600 -M 255.255.255.0\n"
      "-a -t 10.1.0.100:8080 -r 10.2.0.14:8080 {0} -w 100{1}\n"
      "-a -t 10.1.0.100:8080 -r 10.2.0.15:8080 {0} -w 0{1}\n"
      "-A -u 10.1.0.100:53 -s rr\n"
      "-a -u 10.1.0.100:53 -r 10.2.0.11:53 {0} -w 1{1}\n"
      "-a -u 10.1.0.100:53 -r 10.2.0.12:53 {0} -w 1{1}\n"
      "-A -u 10.1.0.100:5060 -s rr -o\n"
      "-A -u 10.1.0.101:53 -s sh -b sh-fallback,sh-port\n"
      "-a -u 10.1.0.101:53 -r 10.2.0.16:53 {0} -w 1{1}\n",
      method, tail);
}

TEST_CASE("ipvsadm -R: what was recorded of -S comes back as it was, in every method") {
  for (const std::string& table :
       {recorded("-m"), recorded("-g"), recorded("-i", " --tun-type ipip")}) {
    IpvsadmDirector director;
    CHECK(director.output("-R", table).empty());
    CHECK(director.changes.replaced == 1);
    CHECK(director.output("-Sn") == table);
  }
}

TEST_CASE("ipvsadm -S: ports have names without -n, and -R reads them") {
  IpvsadmDirector director;
  director.output("-R", "-A -t 10.1.0.100:http -s rr\n-a -t 10.1.0.100:http -r 10.2.0.1:http -m\n");
  CHECK(director.output("-S") ==
        "-A -t 10.1.0.100:http -s rr\n-a -t 10.1.0.100:http -r 10.2.0.1:http -m -w 1\n");
  CHECK(director.output("-Sn") ==
        "-A -t 10.1.0.100:80 -s rr\n-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m -w 1\n");
}

TEST_CASE("ipvsadm -S: thresholds are kept, which ipvsadm loses") {
  const std::string table =
      "-A -t 10.1.0.100:80 -s rr\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.1:80 -i -w 1 --tun-type ipip -x 1000\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m -w 1 -x 1000 -y 500\n";
  IpvsadmDirector director;
  director.output("--restore", table);
  CHECK(director.output("--save --numeric") == table);
}

TEST_CASE("ipvsadm -R: nothing at all is no table and no error") {
  IpvsadmDirector director;
  CHECK(director.output("-S").empty());
  CHECK(director.output("-R", "").empty());
  CHECK(director.output("-R", "\n  \n\t\r\n").empty());
}

TEST_CASE("ipvsadm -R: comments, line ends of every kind, and the word ipvsadm are skipped") {
  IpvsadmDirector director;
  director.output("-R",
                  "# saved\r\n"
                  "ipvsadm -A -t 10.1.0.100:80 -s rr\r\n"
                  "\t-a  -t 10.1.0.100:80\t-r 10.2.0.1:80 -m # the first\n"
                  "  ipvsadm # nothing\n"
                  "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m");
  CHECK(director.output("-Sn") ==
        "-A -t 10.1.0.100:80 -s rr\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m -w 1\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m -w 1\n");
}

TEST_CASE("ipvsadm -R: every line that changes something is executed, in order") {
  IpvsadmDirector director;
  director.output("-A -t 10.1.0.100:443 -s rr");
  director.output("-R",
                  "-C\n"
                  "--set 10 0 30\n"
                  "-A -t 10.1.0.100:80 -s rr\n"
                  "-A -t 10.1.0.100:81 -s rr\n"
                  "-D -t 10.1.0.100:81\n"
                  "-E -t 10.1.0.100:80 -s wrr\n"
                  "-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m\n"
                  "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m\n"
                  "-e -t 10.1.0.100:80 -r 10.2.0.1:80 -m -w 7\n"
                  "-d -t 10.1.0.100:80 -r 10.2.0.2:80\n");
  CHECK(director.output("-Sn") ==
        "-A -t 10.1.0.100:80 -s wrr\n-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m -w 7\n");
  CHECK(director.output("-L --timeout") == "Timeout (tcp tcpfin udp): 10 120 30\n");
}

TEST_CASE("ipvsadm -R: what goes and comes back has what only the file can say") {
  const std::string table =
      "-A -t 10.1.0.100:80 -s wlc\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.1:80 -m -w 1\n"
      "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m -w 1\n";
  IpvsadmDirector director;
  director.output("-R", table);
  conf::Service& service = director.changes.config.services.front();
  service.name = "web";
  service.slow_start = 30;
  service.quorum = 2;
  service.health_check = conf::HealthCheck{};
  service.sorry_server = conf::Server{};
  service.sorry_server->address = *lb::Endpoint::parse("10.2.0.9:80");
  service.servers[1].state = conf::ServerState::kDrain;
  service.servers[1].health_check = conf::HealthCheck{};
  const conf::Service whole = service;

  CHECK(director.error("-a -t 10.1.0.100:80 -r 10.2.0.9:80 -m") ==
        "255 10.2.0.9:80 is the service's sorry server");
  director.output("-R", "-C\n" + table);
  CHECK(director.changes.config.services == std::vector{whole});
  director.output("-R",
                  "-d -t 10.1.0.100:80 -r 10.2.0.2:80\n-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m\n");
  CHECK(director.changes.config.services == std::vector{whole});
  // What ipvsadm can say is what it says last, though.
  director.output("-R",
                  "-D -t 10.1.0.100:80\n-A -t 10.1.0.100:80 -s rr -p 60\n"
                  "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -m -w 7 -x 9\n");
  conf::Service changed = whole;
  changed.scheduler = "rr";
  changed.persistence_timeout = 60;
  changed.servers.erase(changed.servers.begin());
  changed.servers[0].weight = 7;
  changed.servers[0].upper_threshold = 9;
  CHECK(director.changes.config.services == std::vector{changed});
  // What went in another command is gone.
  director.output("-C");
  director.output("-R", table);
  CHECK(director.changes.config.services.front().name == "tcp:10.1.0.100:80");
  CHECK_FALSE(director.changes.config.services.front().health_check);
}

TEST_CASE("ipvsadm -R: what the fuzzer begins with is a table") {
  std::ifstream file(LBD_SOURCE_DIR "/test/fuzz/ipvsadm/every-line");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  IpvsadmDirector director;
  director.output("-R", document);
  CHECK(director.output("-Sn") ==
        "-A -t 10.1.0.100:80 -s wlc -p 600 -M 255.255.255.0\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.1:8080 -m -w 3 -x 1000 -y 500\n"
        "-a -t 10.1.0.100:80 -r 10.2.0.2:80 -g -w 5\n"
        "-A -u 10.1.0.100:53 -s rr -o\n");
}

TEST_CASE("ipvsadm -R: a line that fails is named, and nothing is changed") {
  const std::string good = "-A -t 10.1.0.100:80 -s rr\n";
  const auto error = [&](const std::string& line) {
    IpvsadmDirector director;
    const std::string text = director.error("-R", good + "\n" + line + "\n-C\n");
    CHECK(director.changes.replaced == 0);
    CHECK(director.output("-S").empty());
    return text;
  };
  CHECK(error("-A -t 10.1.0.100:80") == "255 line 3: Service already exists (-A -t 10.1.0.100:80)");
  CHECK(error("-a -t 10.1.0.100:81 -r 10.2.0.1:81 -m") ==
        "255 line 3: Service not defined (-a -t 10.1.0.100:81 -r 10.2.0.1:81 -m)");
  CHECK(error("-A -t 10.1.0.100:81 -w 3") ==
        "2 line 3: Illegal 'weight' option with the 'add-service' command (-A -t 10.1.0.100:81 -w "
        "3)");
  CHECK(error("nonsense") ==
        "255 line 3: Try `ipvsadm -h' or 'ipvsadm --help' for more information. (nonsense)");
  for (const std::string line : {"-L", "-R", "-S", "-Z", "-h"}) {
    CHECK(error(line) ==
          "2 line 3: a table is made of -A, -E, -D, -C, -a, -e, -d and --set only (" + line + ")");
  }
}

TEST_CASE(
    "ipvsadm -R: what the configuration's checks refuse is told by the line that it is from") {
  const std::string table =
      "-A -t 10.1.0.100:80 -s rr\n"
      "-A -t 10.1.0.100:81 -s rr\n"
      "-a -t 10.1.0.100:81 -r 10.2.0.1:81 -m\n"
      "-a -t 10.1.0.100:81 -r 10.2.0.2:81 -m\n"
      "-e -t 10.1.0.100:81 -r 10.2.0.2:81 -m -w 5\n";
  const auto error = [&](const std::string& refusal) {
    IpvsadmDirector director;
    director.changes.refusal = Refusal{Refusal::Kind::kInvalid, refusal};
    return director.error("-R", table);
  };
  CHECK(error("/services/0/address: found 1") == "255 line 1: found 1 (-A -t 10.1.0.100:80 -s rr)");
  CHECK(error("/services/1/servers/0/address: found \"a\", expected b: c") ==
        "255 line 3: found \"a\", expected b: c (-a -t 10.1.0.100:81 -r 10.2.0.1:81 -m)");
  CHECK(error("/services/1/servers/1/weight: found 5") ==
        "255 line 5: found 5 (-e -t 10.1.0.100:81 -r 10.2.0.2:81 -m -w 5)");
  CHECK(error("/services/1/servers/9/weight: found 5") ==
        "255 line 2: found 5 (-A -t 10.1.0.100:81 -s rr)");
  // Nothing of the document.
  for (const std::string other : {"/routes/0/gateway: found 1", "/services/2/address: found 1",
                                  "/services: too many", "no room"}) {
    CHECK(error(other) == "255 " + other);
  }
}

TEST_CASE("ipvsadm -R: hostile documents are refused, shortly") {
  IpvsadmDirector director;
  const std::string long_word(1 << 20, 'x');
  CHECK(director.error("-R", long_word).size() < 500);
  CHECK(director.error("-R", "-A -t " + long_word).size() < 500);
  CHECK(director.error("-R", "-A -t 10.1.0.100:80 -s " + long_word).size() < 500);
  CHECK(director.error("-R", std::string("\0\x01\xff\x7f", 4)).starts_with("255 line 1: Try"));
  CHECK(director.error("-R", std::string("-A -t 10.1.0.100:http\0x", 23))
            .starts_with("2 line 1: illegal virtual server"));
  CHECK(director.error("-R", "-A -t") == "255 line 1: -t: missing argument (-A -t)");
  CHECK(director.changes.replaced == 0);
  std::string many;
  for (int i = 0; i < 20000; ++i) many += fmt::format("-A -t 10.{}.{}.1:80\n", i / 250, i % 250);
  director.output("-R", many);
  CHECK(director.changes.config.services.size() == 20000);
}

}  // namespace
}  // namespace control::ipvsadm
