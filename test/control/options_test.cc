#include "control/options.h"

#include <catch2/catch.hpp>

using control::Options;

namespace {

auto parse(std::vector<std::string> words) {
  words.insert(words.begin(), "lbd");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return control::parse_options(static_cast<int>(words.size()), argv.data());
}

}  // namespace

TEST_CASE("without options lbd runs with the file in /etc") {
  const auto options = parse({});
  REQUIRE(options);
  CHECK(options->action == Options::Action::kRun);
  CHECK(options->config_file == "/etc/lbd/lbd.json");
  CHECK(options->eal_arguments.empty());
}

TEST_CASE("each option is understood") {
  CHECK(parse({"--config", "a.json"})->config_file == "a.json");
  CHECK(parse({"--config=a.json"})->config_file == "a.json");
  CHECK(parse({"--check"})->action == Options::Action::kCheck);
  CHECK(parse({"--schema"})->action == Options::Action::kSchema);
  CHECK(parse({"--version"})->action == Options::Action::kVersion);
  CHECK(parse({"--help", "--check"})->action == Options::Action::kHelp);
  CHECK(parse({"--debug"})->debug);
}

TEST_CASE("what follows two dashes is DPDK's, whatever it looks like") {
  const auto options = parse({"--check", "--", "-l", "0,1", "--config", "--"});
  REQUIRE(options);
  CHECK(options->config_file == "/etc/lbd/lbd.json");
  CHECK(options->eal_arguments == std::vector<std::string>{"-l", "0,1", "--config", "--"});
}

TEST_CASE("a wrong command line is an error that names the word") {
  const auto [word, expected] = GENERATE(table<std::string, std::string>({
      {"--nonsense", "nonsense"},
      {"--conf", "conf"},  // no guessing: an abbreviation may mean something else tomorrow
      {"file.json", "positional"},
      {"--config", "config"},
  }));
  const auto options = parse({word});
  REQUIRE_FALSE(options);
  CHECK_THAT(options.error(), Catch::Contains(expected));
}

TEST_CASE("the usage names every option and the exit statuses") {
  const std::string text = control::usage();
  for (const char* part :
       {"--config", "--check", "--schema", "--debug", "--help", "--version", "Exit status"}) {
    CHECK_THAT(text, Catch::Contains(part));
  }
}
