// OpenMetrics: the text's grammar, escaping, and what the director exports.
#include "control/openmetrics.h"

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "control/metrics.h"
#include "test/control/fake_facts.h"

namespace control {
namespace {

using Type = MetricFamily::Type;

TEST_CASE("metrics: each type as OpenMetrics writes it") {
  const std::vector<MetricFamily> families{
      {"a_bytes", Type::kCounter, "bytes", "Bytes.", {{{{"x", "1"}, {"y", "2"}}, uint64_t{7}}}},
      {"b", Type::kGauge, "", "A gauge.", {{{}, 0.25}}},
      {"c", Type::kInfo, "", "Version.", {{{{"version", "1"}}, uint64_t{1}}}},
      {"d", Type::kStateSet, "", "State.", {{{{"d", "up"}}, uint64_t{1}}}},
      {"e", Type::kGauge, "", "Nothing.", {}}};
  CHECK(openmetrics_text(families) ==
        "# TYPE a_bytes counter\n"
        "# UNIT a_bytes bytes\n"
        "# HELP a_bytes Bytes.\n"
        "a_bytes_total{x=\"1\",y=\"2\"} 7\n"
        "# TYPE b gauge\n"
        "# HELP b A gauge.\n"
        "b 0.25\n"
        "# TYPE c info\n"
        "# HELP c Version.\n"
        "c_info{version=\"1\"} 1\n"
        "# TYPE d stateset\n"
        "# HELP d State.\n"
        "d{d=\"up\"} 1\n"
        "# TYPE e gauge\n"
        "# HELP e Nothing.\n"
        "# EOF\n");
}

TEST_CASE("metrics: Prometheus' older text knows counters and gauges") {
  const std::vector<MetricFamily> families{
      {"a_bytes", Type::kCounter, "bytes", "Bytes.", {{{{"x", "1"}}, uint64_t{7}}}},
      {"b", Type::kGauge, "", "A gauge.", {{{}, 0.25}}},
      {"c", Type::kInfo, "", "Version.", {{{{"version", "1"}}, uint64_t{1}}}},
      {"d", Type::kStateSet, "", "State.", {{{{"d", "up"}}, uint64_t{1}}}}};
  CHECK(metrics_text(families, MetricsFormat::kPrometheus) ==
        "# TYPE a_bytes_total counter\n"
        "# HELP a_bytes_total Bytes.\n"
        "a_bytes_total{x=\"1\"} 7\n"
        "# TYPE b gauge\n"
        "# HELP b A gauge.\n"
        "b 0.25\n"
        "# TYPE c_info gauge\n"
        "# HELP c_info Version.\n"
        "c_info{version=\"1\"} 1\n"
        "# TYPE d gauge\n"
        "# HELP d State.\n"
        "d{d=\"up\"} 1\n");
}

TEST_CASE("metrics: backslash, quote and newline are escaped in labels and help") {
  const std::vector<MetricFamily> families{
      {"a", Type::kGauge, "", "h\\\"\n", {{{{"x", "v\\\"\nw"}}, uint64_t{1}}}}};
  CHECK(openmetrics_text(families) ==
        "# TYPE a gauge\n# HELP a h\\\\\\\"\\n\na{x=\"v\\\\\\\"\\nw\"} 1\n# EOF\n");
}

TEST_CASE("metrics: numbers are exact, and what is none has OpenMetrics' name") {
  using Limits = std::numeric_limits<double>;
  const std::vector<MetricFamily> families{{"a",
                                            Type::kGauge,
                                            "",
                                            "",
                                            {{{}, uint64_t{18446744073709551615u}},
                                             {{}, 1e300},
                                             {{}, Limits::quiet_NaN()},
                                             {{}, -Limits::infinity()}}}};
  CHECK(openmetrics_text(families) ==
        "# TYPE a gauge\n# HELP a \na 18446744073709551615\na 1e+300\na NaN\na -Inf\n# EOF\n");
}

// What a scraper checks: metadata before samples, families together, names, suffixes, units, no
// doubles.
TEST_CASE("metrics: the director's text keeps OpenMetrics' rules") {
  test::FakeFacts facts = test::small_director();
  facts.the_services[0].name = "odd\"name\\";
  std::istringstream lines(openmetrics_text(metric_families(facts)));
  const std::regex metadata(R"(# (TYPE|UNIT|HELP) ([a-zA-Z_][a-zA-Z0-9_]*) (.+))");
  const std::regex sample(
      R"(([a-zA-Z_][a-zA-Z0-9_]*)(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? (-?[0-9.e+-]+))");
  std::set<std::string> families, series;
  std::string line, family, type;
  bool ended = false;
  while (std::getline(lines, line)) {
    INFO(line);
    REQUIRE_FALSE(ended);
    std::smatch match;
    if (line == "# EOF") {
      ended = true;
    } else if (std::regex_match(line, match, metadata)) {
      if (match[1] == "TYPE") {
        family = match[2];
        type = match[3];
        CHECK(families.insert(family).second);
        CHECK_FALSE(family.ends_with("_total"));
      }
      CHECK(match[2] == family);
      if (match[1] == "UNIT") CHECK(family.ends_with("_" + match[3].str()));
    } else {
      REQUIRE(std::regex_match(line, match, sample));
      const std::string suffix = type == "counter" ? "_total" : type == "info" ? "_info" : "";
      CHECK(match[1] == family + suffix);
      CHECK(series.insert(match[1].str() + match[2].str()).second);
    }
  }
  CHECK(ended);
  CHECK(families.size() > 30);
}

TEST_CASE("metrics: facts arrive under their names") {
  test::FakeFacts facts = test::small_director();
  const std::string text = openmetrics_text(metric_families(facts));
  for (const auto* line :
       {"lbd_info{version=\"0.1.0\"} 1",
        "lbd_uptime_seconds 93784.5",
        "lbd_connections 250",
        "lbd_connections_capacity 1000",
        "lbd_mbufs_in_use 2048",
        "lbd_mbufs_capacity 8192",
        "lbd_drops_total{reason=\"no_route\"} 5",
        "lbd_service_refused_connections_total{service=\"web\"} 7",
        "lbd_service_in_bytes_total{service=\"web\"} 30000",
        "lbd_server_out_packets_total{service=\"web\",server=\"192.168.11.101:80\"} 150",
        "lbd_server_weight{service=\"web\",server=\"192.168.11.101:80\"} 2",
        "lbd_server_state{service=\"web\",server=\"192.168.11.100:80\",lbd_server_state=\"drain\"} "
        "1",
        "lbd_server_state{service=\"web\",server=\"192.168.11.100:80\",lbd_server_state=\"ready\"} "
        "0",
        "lbd_server_health{service=\"web\",server=\"192.168.11.100:80\",lbd_server_health=\"down\"}"
        " 1",
        "lbd_interface_up{interface=\"wan\"} 1",
        "lbd_interface_receive_missed_total{interface=\"wan\"} 1",
        "lbd_worker_busy_ratio{lcore=\"1\"} 0.123",
        "lbd_worker_handed_over_packets_total{lcore=\"1\"} 10",
        "lbd_worker_taken_over_packets_total{lcore=\"2\"} 10",
        "lbd_worker_ring_fill_ratio{lcore=\"1\"} 0.025",
        "lbd_worker_info{lcore=\"2\",steering=\"rss\"} 1"}) {
    INFO(line);
    CHECK(text.find(std::string("\n") + line + "\n") != std::string::npos);
  }
}

TEST_CASE("metrics: who leaves and who stands in has traffic, too, and no name comes twice") {
  test::FakeFacts facts = test::small_director();
  ServiceFacts& web = facts.the_services[0];
  web.leaving = {web.servers[0]};
  web.leaving[0].address = test::endpoint("192.168.11.102:80");
  web.sorry_server = web.servers[0];
  web.sorry_server->address = test::endpoint("192.168.11.103:80");
  ServiceFacts old = web;
  facts.the_leaving_services = {old, old};
  facts.the_leaving_services[0].name = "old";
  const std::string text = openmetrics_text(metric_families(facts));
  const auto has = [&](const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
  };
  const std::string state = "lbd_server_state{service=\"web\",server=\"192.168.11.10";
  CHECK(has(state + "2:80\",lbd_server_state=\"leaving\"} 1"));
  CHECK(has(state + "2:80\",lbd_server_state=\"ready\"} 0"));
  CHECK(has(state + "3:80\",lbd_server_state=\"sorry\"} 1"));
  CHECK(has("lbd_server_connections_total{service=\"web\",server=\"192.168.11.102:80\"} 20"));
  CHECK(has("lbd_service_connections_total{service=\"old\"} 30"));
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CHECK(names.insert(line.substr(0, line.find("} "))).second);
  }
}

TEST_CASE("metrics: the last reload") {
  test::FakeFacts facts = test::small_director();
  const auto has = [&](const std::string& line) {
    return openmetrics_text(metric_families(facts)).find("\n" + line + "\n") != std::string::npos;
  };
  CHECK(has("lbd_config_last_reload_successful 1"));
  CHECK(has("lbd_config_last_reload_time_seconds 1764072000"));
  facts.the_info.last_reload = ReloadFacts{false, 1764072099, "no"};
  CHECK(has("lbd_config_last_reload_successful 0"));
  CHECK(has("lbd_config_last_reload_time_seconds 1764072099"));
}

}  // namespace
}  // namespace control
