// VIPs that go from one director to another: who answers for them when, and what is refused.
#include <fstream>

#include "control/attraction.h"
#include "control/kernel_ports.h"
#include "control/kernel_twins.h"
#include "test/control/live_bench.h"
#include "test/control/web_bench.h"
#include "test/temp_dir.h"

namespace control {
namespace {

using dataplane_test::arp_reply;
using dataplane_test::arp_request;
using dataplane_test::tcp;
using test::LiveBench;
using Lines = std::vector<std::string>;

constexpr dataplane::LinkNumber kOutside = 0, kInside = 1;

std::string pair_of(const std::string& services, const std::string& more = "",
                    const std::string& wan = "") {
  return R"({
    "interfaces": [
      {"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"],
       "neighbours": [{"address": "10.1.0.10", "mac": "02:00:0a:01:00:0a"}])" +
         wan + R"(},
      {"name": "lan", "device": "b", "addresses": ["10.2.0.1/24"],
       "virtual_addresses": ["10.2.0.254"],
       "neighbours": [{"address": "10.2.0.11", "mac": "02:00:0a:02:00:0b"}]}],
    "services": [)" +
         services + "]" + more + "}";
}

const std::string kPairsWeb = R"({"name": "web", "protocol": "tcp", "address": "10.1.0.100:80",
                             "servers": [{"address": "10.2.0.11"}]})";
const std::string kStandby = R"(, "vips": "standby")";

struct PairBench : LiveBench {
  explicit PairBench(const std::string& more = "", const std::string& services = kPairsWeb)
      : LiveBench(pair_of(services, more)) {
    workers->sent();
  }

  Lines asked(dataplane::LinkNumber link, const char* from, const char* address) {
    workers->sent();
    workers->receive(link, arp_request(from, address));
    return workers->sent();
  }
  bool answers() {
    const bool vip = asked(kOutside, "10.1.0.10", "10.1.0.100").size() == 1;
    CHECK((asked(kInside, "10.2.0.11", "10.2.0.254").size() == 1) == vip);
    CHECK(asked(kOutside, "10.1.0.10", "10.1.0.1").size() == 1);
    return vip;
  }
  bool forwards() {
    workers->sent();
    workers->receive(kOutside, tcp("10.1.0.10:40000", "10.1.0.100:80").flags("S"));
    return !workers->sent().empty();
  }
  // What workers have heard of another director is told, as the director does.
  void listen() {
    for (dataplane::Worker* worker : workers->workers()) {
      for (dataplane::Event event; worker->control_take_event(event);) {
        if (event.kind == dataplane::Event::Kind::kAnswersForVip) changes.hear_of_vip("it answers");
      }
    }
  }
  void pass_milliseconds(int milliseconds) {
    clock += std::chrono::milliseconds(milliseconds);
    workers->turn();
    listen();
    changes.watch();
    workers->turn();
  }
  Roster::Time clock{std::chrono::hours(1)};
};

struct Clocked : PairBench {
  explicit Clocked(const std::string& more = "", const std::string& services = kPairsWeb)
      : PairBench(more, services) {
    running.now = [this] { return clock; };
  }
  // How often the VIP is announced.
  size_t announced_in_seconds(int seconds) {
    size_t announced = 0;
    for (int tenth = 0; tenth < 10 * seconds; ++tenth) {
      for (const std::string& line : workers->sent()) {
        announced += line == "ARP announces 10.1.0.100 via 0";
      }
      if (tenth % 10 == 0) workers->pass(1);
      pass_milliseconds(100);
    }
    return announced;
  }
};

TEST_CASE("a director that starts as standby answers and forwards nothing for VIPs") {
  Clocked bench(kStandby);
  CHECK_FALSE(bench.answers());
  CHECK_FALSE(bench.forwards());
}

TEST_CASE("becoming active, it asks whether another answers, and takes over when none does") {
  Clocked bench(kStandby);
  unsigned hurried = 0;
  bench.running.hurry = [&] { ++hurried; };
  REQUIRE(bench.changes.set_vips(conf::Vips::kActive));
  CHECK(hurried == 1);
  bench.workers->turn();
  CHECK(bench.workers->sent() == Lines{"ARP who-has 10.1.0.100 tell 0.0.0.0 via 0",
                                       "ARP who-has 10.2.0.254 tell 0.0.0.0 via 1"});
  CHECK(bench.changes.hurries());
  CHECK_FALSE(bench.answers());
  bench.pass_milliseconds(49);
  CHECK_FALSE(bench.answers());
  bench.workers->sent();
  bench.pass_milliseconds(1);
  CHECK_FALSE(bench.changes.hurries());
  // Which it announces.
  CHECK(bench.workers->sent().size() == 2);
  CHECK(bench.answers());
  CHECK(bench.forwards());
}

TEST_CASE("VIPs that were taken over are announced five times, a second apart, then now and then") {
  Clocked bench(kStandby);
  REQUIRE(bench.changes.set_vips(conf::Vips::kActive));
  bench.workers->turn();
  bench.workers->sent();
  bench.pass_milliseconds(50);
  CHECK(bench.announced_in_seconds(5) == 5);
  CHECK(bench.announced_in_seconds(60) == 12);
  REQUIRE(bench.changes.set_vips(conf::Vips::kActive));
  CHECK(bench.announced_in_seconds(5) == 5);
  REQUIRE(bench.changes.set_vips(conf::Vips::kStandby));
  CHECK(bench.announced_in_seconds(60) == 0);
}

TEST_CASE("many addresses are announced more seldom") {
  std::string services = kPairsWeb;
  for (int i = 1; i <= 497; ++i) {
    services += R"(, {"protocol": "tcp", "address": "10.1.)" + std::to_string(1 + i / 250) + "." +
                std::to_string(i % 250) + R"(:80", "servers": []})";
  }
  Clocked bench(kStandby, services);
  REQUIRE(bench.changes.set_vips(conf::Vips::kActive));
  bench.pass_milliseconds(50);
  bench.announced_in_seconds(10);
  // 497 and the file's four: ten seconds each time.
  CHECK(bench.announced_in_seconds(60) == 6);
}

TEST_CASE("a director that is not one of a pair announces after a link has come up, and no more") {
  Clocked bench;
  CHECK(bench.announced_in_seconds(60) == 0);
  bench.changes.announce();
  CHECK(bench.announced_in_seconds(60) == 5);
}

TEST_CASE("as long as another answers it waits, and overrules it after a second") {
  Clocked bench(kStandby);
  REQUIRE(bench.changes.set_vips(conf::Vips::kActive));
  for (int i = 0; i < 19; ++i) {
    bench.workers->receive(kOutside, arp_reply("10.1.0.100", "10.1.0.1"));
    bench.pass_milliseconds(50);
    CHECK_FALSE(bench.answers());
  }
  const bool falls_silent = GENERATE(true, false);
  if (!falls_silent) bench.workers->receive(kOutside, arp_reply("10.1.0.100", "10.1.0.1"));
  bench.pass_milliseconds(50);
  CHECK(bench.answers());
}

TEST_CASE("told to stand by while it takes over, it stays a standby") {
  Clocked bench(kStandby);
  REQUIRE(bench.changes.set_vips(conf::Vips::kActive));
  REQUIRE(bench.changes.set_vips(conf::Vips::kStandby));
  bench.pass_milliseconds(2000);
  CHECK_FALSE(bench.answers());
}

TEST_CASE("an active director leaves its VIPs at once, and changes meanwhile keep to that") {
  Clocked bench;
  CHECK(bench.answers());
  CHECK(bench.forwards());
  REQUIRE(bench.changes.set_vips(conf::Vips::kStandby));
  CHECK_FALSE(bench.answers());
  REQUIRE(bench.changes.add_service(
      LiveBench::load(pair_of(R"({"protocol": "udp", "address": "10.1.0.101:53"})")).services[0]));
  CHECK(bench.asked(kOutside, "10.1.0.10", "10.1.0.101").empty());
  // A reload, whatever the file says.
  REQUIRE(bench.changes.replace(LiveBench::load(pair_of(kPairsWeb, R"(, "timeouts": {"tcp": 5})")),
                                {}));
  CHECK_FALSE(bench.answers());
  CHECK_FALSE(bench.forwards());
  CHECK(bench.config().vips == conf::Vips::kActive);
}

TEST_CASE(
    "a service on an interface's own address is refused while VIPs are or would be another's") {
  const std::string own = R"({"name": "own", "protocol": "tcp", "address": "10.1.0.1:80"})";
  const conf::Config with_own = LiveBench::load(pair_of(own));
  Clocked bench;
  REQUIRE(bench.changes.add_service(with_own.services[0]));
  const Change refused = bench.changes.set_vips(conf::Vips::kStandby);
  REQUIRE_FALSE(refused);
  CHECK(
      refused.error().text ==
      "service own: found \"10.1.0.1:80\", expected an address that can be another director's, for "
      "\"vips\": \"standby\": this one is interface wan's own");
  CHECK(bench.answers());
  REQUIRE(bench.changes.delete_service(key_of(with_own.services[0]), {}));
  REQUIRE(bench.changes.set_vips(conf::Vips::kStandby));
  CHECK_FALSE(bench.changes.add_service(with_own.services[0]));
  CHECK_FALSE(bench.changes.replace(with_own, {}));
  CHECK_FALSE(bench.changes.plan(with_own));
}

TEST_CASE(
    "a service attracts while it has its quorum and a server; its VIP is announced if it may be") {
  conf::Config config = LiveBench::load(pair_of(kPairsWeb));
  conf::Service& service = config.services[0];
  const auto attracted = [&](conf::Vips vips) {
    return attracting_vips(config.services, enter_all(config), vips);
  };
  const auto does_attract = [&] {
    const Roster roster = enter_all(config);
    return attracts(service, *roster.find(key_of(service)));
  };
  CHECK(does_attract());
  CHECK(attracted(conf::Vips::kActive).empty());
  service.announce = true;
  const std::vector<lb::IpAddress> vip = {service.address.address};
  CHECK(attracted(conf::Vips::kActive) == vip);
  CHECK(attracted(conf::Vips::kStandby).empty());
  service.servers[0].state = conf::ServerState::kDrain;
  CHECK(attracted(conf::Vips::kActive).empty());
  service.servers[0].state = conf::ServerState::kReady;
  service.servers[0].weight = 0;
  CHECK_FALSE(does_attract());
  service.servers[0].weight = 1;
  Roster roster = enter_all(config);
  roster.find(key_of(service))->quorum = false;
  CHECK(attracting_vips(config.services, roster, conf::Vips::kActive).empty());
  roster.find(key_of(service))->quorum = true;
  CHECK(attracting_vips(config.services, roster, conf::Vips::kActive) == vip);
}

TEST_CASE(
    "a VIP stands on the twin of its wire, else on the first; an own address does not twice") {
  conf::Config config = LiveBench::load(pair_of(kPairsWeb));
  const auto vips = [](auto... texts) {
    return std::vector<lb::IpAddress>{*lb::IpAddress::parse(texts)...};
  };
  using Addresses = std::vector<std::vector<lb::Prefix>>;
  const auto prefix = [](const char* text) { return *lb::Prefix::parse(text); };
  CHECK(twin_addresses(config, vips("10.1.0.100")) == Addresses{{}, {}});
  config.interfaces[1].kernel_interface = "lb1";
  CHECK(twin_addresses(config, vips("10.1.0.100")) ==
        Addresses{{}, {prefix("10.2.0.1/24"), prefix("10.1.0.100/32")}});
  config.interfaces[0].kernel_interface = "lb0";
  CHECK(twin_addresses(config, vips("10.2.0.100", "203.0.113.1", "10.1.0.1")) ==
        Addresses{{prefix("10.1.0.1/24"), prefix("203.0.113.1/32")},
                  {prefix("10.2.0.1/24"), prefix("10.2.0.100/32")}});
}

TEST_CASE("masquerade's ports and the kernel's are apart where both use the address") {
  const shared_test::TempDir directory;
  const std::string range = directory / "range";
  std::ofstream(range) << "20000\t30000\n";
  const auto why = [&](const std::string& interface, const std::string& ports,
                       const std::string& wan = R"(, "kernel_interface": "lb0")") {
    const conf::Config config =
        LiveBench::load(pair_of("",
                                R"(, "masquerade": [{"source": "10.2.0.0/24", "interface": ")" +
                                    interface + R"(", "ports": ")" + ports + "\"}]",
                                wan));
    return why_ports_collide(config, {.range = range}).value_or("apart");
  };
  CHECK(why("wan", "1024-19999") == "apart");
  CHECK(why("wan", "30001-40000") == "apart");
  CHECK(why("lan", "1024-60000") == "apart");
  CHECK(why("wan", "1024-60000", "") == "apart");
  CHECK(
      why("wan", "1024-20000") ==
      "/masquerade/0/ports: found \"1024-20000\", expected ports outside of 20000-30000, which the "
      "kernel gives out on lb0, the twin of wan: choose others, or set "
      "net.ipv4.ip_local_port_range");
  CHECK(why("wan", "30000-30000") != "apart");
}

TEST_CASE("a service's port that the kernel gives out on the same address is named") {
  const shared_test::TempDir directory;
  const KernelPortFiles files{directory / "range", directory / "reserved"};
  std::ofstream(files.range) << "20000\t30000\n";
  std::ofstream(files.reserved) << "\n";
  const auto named = [&](const std::string& address, const std::string& twin = "lb0") {
    conf::Config config = LiveBench::load(test::cluster(
        R"({"name": "web", "protocol": "tcp", "address": ")" + address + R"(", "servers": []})"));
    if (!twin.empty()) config.interfaces[0].kernel_interface = twin;
    return ports_taken_from_kernel(config, files);
  };
  CHECK(named("10.1.0.1:19999").empty());
  CHECK(named("10.1.0.100:20000").empty());  // no twin has it
  CHECK(named("10.1.0.1:20000", "").empty());
  CHECK(named("10.1.0.1:30000") ==
        std::vector<std::string>{
            "service web: lb0 gives out port 30000 to the kernel's own connections as well, which "
            "get no answer then: add it to net.ipv4.ip_local_reserved_ports"});
  std::ofstream(files.reserved) << "8080,20000-20002,30000\n";
  CHECK(named("10.1.0.1:20001").empty());
  CHECK(named("10.1.0.1:30000").empty());
  CHECK(named("10.1.0.1:20003").size() == 1);
}

}  // namespace
}  // namespace control
