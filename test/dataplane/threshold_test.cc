// Servers that take no more connections than they may, whichever workers open them.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr const char* kLimited = "tcp 10.1.0.100:80";
constexpr const char* kBounded1 = "10.2.0.11:80";
constexpr const char* kBounded2 = "10.2.0.12:80";
constexpr const char* kBounded3 = "10.2.0.13:80";

std::vector<ServiceSetup> limited(uint32_t upper, uint32_t lower = 0,
                                  std::string scheduler = "rr") {
  return {{"tcp", kVip, {{kBounded1, 1, "nat", upper, lower}}, std::move(scheduler)}};
}

std::string spread_client(int number) {
  return "10.1.0." + std::to_string(10 + number % 3) + ":" + std::to_string(2000 + number);
}

char connect(Lab& lab, int number) {
  const Lines out = lab.from_client(tcp(spread_client(number), kVip).flags("S"));
  if (out.size() != 1 || out[0].find("via lan to 10.2.0.1") == std::string::npos) return 'x';
  return out[0].back();
}

std::string connect(Lab& lab, int first, int count) {
  std::string sequence;
  for (int i = 0; i < count; ++i) sequence += connect(lab, first + i);
  return sequence;
}

void close(Lab& lab, int number) {
  lab.from_client(tcp(spread_client(number), kVip).flags("A"));
  lab.from_client(tcp(spread_client(number), kVip).flags("R"));
}

}  // namespace

TEST_CASE("at its threshold a server takes no more; the client is refused as without a server") {
  const std::string scheduler = GENERATE("rr", "wrr", "lc", "wlc", "sed", "nq");
  Lab lab(limited(3, 0, scheduler));
  CHECK(connect(lab, 0, 5) == "111xx");
  CHECK(lab.drops() == "no_server=2");
  CHECK(lab.refused(kLimited) == 2);
  CHECK(lab.load(kLimited, kBounded1) == "3/0");
  // What is closing counts until it has gone.
  close(lab, 0);
  CHECK(lab.load(kLimited, kBounded1) == "2/1");
  CHECK(connect(lab, 5) == 'x');
  lab.pass(11);
  CHECK(connect(lab, 6, 3) == "1xx");
}

TEST_CASE("a burst of new connections takes as many as there is room for") {
  const std::string scheduler = GENERATE("rr", "wlc");
  Setup setup{.services = limited(3, 0, scheduler)};
  setup.workers = 3;
  Lab lab(setup);
  std::vector<Frame> burst;
  for (int i = 0; i < 40; ++i) burst.push_back(tcp(spread_client(i), kVip).flags("S"));
  lab.receive("wan", burst);
  CHECK(lab.connections().size() == 3);
  CHECK(lab.drops() == "no_server=37");
}

TEST_CASE("packets of one new connection in a burst take one place, with any number of workers") {
  const std::string scheduler = GENERATE("rr", "wlc", "sh");
  Setup setup{.services = limited(10, 0, scheduler)};
  setup.workers = GENERATE(1, 2);
  Lab lab(setup);
  CHECK(connect(lab, 0, 8) == "11111111");
  const Frame again = tcp(spread_client(8), kVip).flags("S");
  lab.receive("wan", {again, again, again});
  CHECK(lab.load(kLimited, kBounded1) == "9/0");
  CHECK(connect(lab, 9, 2) == "1x");
}

TEST_CASE("it accepts again below the lower threshold") {
  Lab lab(limited(4, 2));
  CHECK(connect(lab, 0, 5) == "1111x");
  for (int i = 0; i < 2; ++i) close(lab, i);
  lab.pass(11);
  CHECK(lab.load(kLimited, kBounded1) == "2/0");
  CHECK(connect(lab, 5) == 'x');
  close(lab, 2);
  lab.pass(11);
  CHECK(connect(lab, 6, 4) == "111x");
}

TEST_CASE("overloaded servers are passed over as LVS was recorded to") {
  struct Case {
    const char* scheduler;
    const char* sequence;
  };
  const Case c = GENERATE(Case{"rr", "32132132323333"}, Case{"lc", "32132132323333"},
                          Case{"wlc", "32112322333333"}, Case{"sed", "12132232333333"},
                          Case{"nq", "32112232333333"});
  Setup setup{
      .services = {{"tcp",
                    kVip,
                    {{kBounded3, 1, "nat"}, {kBounded2, 2, "nat", 4}, {kBounded1, 3, "nat", 2}},
                    c.scheduler}}};
  setup.workers = 1;  // the order is one worker's
  Lab lab(setup);
  CAPTURE(c.scheduler);
  CHECK(connect(lab, 0, 14) == c.sequence);
}

TEST_CASE("a threshold holds for the connections that were there before it") {
  Lab lab(limited(0));
  CHECK(connect(lab, 0, 5) == "11111");
  lab.apply(limited(6));
  CHECK(connect(lab, 5, 2) == "1x");
  lab.apply(limited(4));
  CHECK(connect(lab, 7) == 'x');
  // Six: three must go for it to be below three quarters of four, and one more.
  for (int i = 0; i < 3; ++i) close(lab, i);
  lab.pass(11);
  CHECK(connect(lab, 8) == 'x');
  close(lab, 3);
  lab.pass(11);
  CHECK(connect(lab, 9, 3) == "11x");
  // A higher one is in force at once, and so is none.
  lab.apply(limited(5));
  CHECK(connect(lab, 12, 2) == "1x");
  lab.apply(limited(0));
  CHECK(connect(lab, 14, 3) == "111");
  lab.apply(limited(5));
  CHECK(connect(lab, 17) == 'x');
}

TEST_CASE("a worker that knows the threshold first does not overlook what others have") {
  Setup setup{.services = limited(0)};
  setup.workers = 3;
  Lab lab(setup);
  CHECK(connect(lab, 0, 6) == "111111");
  lab.apply(limited(6));
  for (dataplane::WorkerNumber worker = 0; worker < 3; ++worker) {
    // Only this one sees packets, as many as it owns of them.
    for (int i = 0; i < 10; ++i) {
      lab.io().put(
          0,
          tcp(spread_client(100 + 10 * worker + i), kVip).flags("S").build(lab.mac_of_link("wan")));
    }
    lab.turn_only(worker);
  }
  lab.turn();
  CHECK(lab.load(kLimited, kBounded1) == "6/0");
  CHECK(connect(lab, 200) == 'x');
}

TEST_CASE("servers with and without a threshold go together") {
  Lab lab({{"tcp", kVip, {{kBounded1, 1, "nat", 1}, {kBounded2}}, "wlc"}});
  CHECK(connect(lab, 0, 6) == "122222");
  close(lab, 0);
  lab.pass(11);
  CHECK(connect(lab, 6, 3) == "122");
}

TEST_CASE("a removed server's connections leave no trace in a threshold that comes later") {
  Lab lab(limited(3));
  CHECK(connect(lab, 0, 3) == "111");
  lab.apply({{"tcp", kVip, {{kBounded2}}}});
  close(lab, 0);
  lab.pass(11);
  CHECK(lab.load(kLimited, kBounded1) == "2/0");
  lab.apply(limited(3));
  CHECK(connect(lab, 3, 2) == "1x");
}
