// lbd-replay's own parts: options, captures, whose MAC address it is, and that a run repeats.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "conf/load.h"
#include "control/vocabulary.h"
#include "dataplane/headers.h"
#include "test/temp_dir.h"
#include "test/vectors/frames.h"
#include "test/vectors/recording.h"
#include "tools/replay/facts.h"
#include "tools/replay/session.h"

namespace {

using replay::Options;

const char* const kNat = R"({
  "interfaces": [
    {"name": "wan", "device": "a", "addresses": ["10.1.0.1/24"]},
    {"name": "lan", "device": "b", "addresses": ["10.2.0.1/16"]}],
  "services": [{"name": "web", "protocol": "tcp", "address": "10.1.0.100:80", "scheduler": "rr",
                "servers": [{"address": "10.2.4.1:80"}]}],
  "connections": {"capacity": 1024}
})";

conf::Config nat() { return *conf::load(kNat, control::vocabulary()); }

std::string recorded(const std::string& file) { return std::string(LBD_VECTORS) + "/" + file; }

std::expected<Options, std::string> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "lbd-replay");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return replay::parse_options(static_cast<int>(argv.size()), argv.data());
}

std::vector<std::string> said;
void say(const std::string& line) { said.push_back(line); }

// The recorded connection nat-tcp-normal; what is written goes to the folder.
Options normal(const shared_test::TempDir& folder) {
  Options options;
  options.in = {{"wan", recorded("nat-tcp-normal.client.pcap")},
                {"lan", recorded("nat-tcp-normal.rs.pcap")}};
  options.out = {{"wan", folder / "wan.pcap"}, {"lan", folder / "lan.pcap"}};
  options.macs = {{"lan", *lb::MacAddress::parse("02:00:00:00:02:01")}};
  return options;
}

std::vector<replay::Bytes> ip_frames(const std::string& path) {
  auto reader = replay::CaptureReader::open(path);
  REQUIRE(reader);
  std::vector<replay::Bytes> frames;
  for (;;) {
    const auto frame = reader->next();
    REQUIRE(frame);
    if (!*frame) return frames;
    const replay::Bytes bytes((*frame)->bytes.begin(), (*frame)->bytes.end());
    if (vectors_test::is_ip(bytes)) frames.push_back(bytes);
  }
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

uint64_t drops(replay::Run& run, lb::DropReason reason) {
  return run.worker().counters().drops[static_cast<size_t>(reason)].reader_get();
}

}  // namespace

TEST_CASE("a capture of both directions gives what the director had sent, and its counts") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  options.answer_arp = true;
  said.clear();
  const auto run = replay::play(nat(), options, say);
  REQUIRE(run);
  CHECK(ip_frames(folder / "wan.pcap").size() == 3);
  CHECK(ip_frames(folder / "lan.pcap").size() == 5);
  replay::Facts facts(**run, "");
  const auto services = facts.services();
  CHECK(services[0].servers[0].totals.connections == 1);
  CHECK(services[0].servers[0].totals.packets_in == 5);
  CHECK(services[0].servers[0].totals.packets_out == 3);
  CHECK(facts.interfaces()[0].rx_packets == 5);
  CHECK(said ==
        std::vector<std::string>{"interface wan: MAC address 02:00:00:00:01:01 by its capture",
                                 "interface wan: 3 frames that a director had sent were left out",
                                 "interface lan: 5 frames that a director had sent were left out"});
}

TEST_CASE("a sorry server has the connections that it takes, and the quorum is told") {
  const shared_test::TempDir folder;
  conf::Config config = nat();
  config.services[0].quorum = 5;
  config.services[0].sorry_server = config.services[0].servers[0];
  config.services[0].sorry_server->address = lb::Endpoint::parse("10.2.4.2:80").value();
  Options options = normal(folder);
  options.answer_arp = true;
  const auto run = replay::play(config, options, say);
  REQUIRE(run);
  replay::Facts facts(**run, "");
  const auto services = facts.services();
  REQUIRE(services[0].sorry_server);
  CHECK(services[0].sorry_server->totals.connections == 1);
  CHECK(services[0].totals.connections == 1);
  CHECK(services[0].sorry_server_serves);
  CHECK_FALSE(services[0].quorum);
  const auto quorums = facts.health().services;
  REQUIRE(quorums.size() == 1);
  CHECK_FALSE(quorums[0].present);
  CHECK(quorums[0].weight == 1);
}

TEST_CASE("a standby's file is played as the active director's") {
  const shared_test::TempDir folder;
  conf::Config config = nat();
  config.vips = conf::Vips::kStandby;
  Options options = normal(folder);
  options.answer_arp = true;
  const auto run = replay::play(config, options, say);
  REQUIRE(run);
  CHECK(ip_frames(folder / "wan.pcap").size() == 3);
  CHECK(drops(**run, lb::DropReason::kStandby) == 0);
}

TEST_CASE("frames with years between them are refused by their times") {
  const shared_test::TempDir folder;
  const auto play_with_gap = [&](replay::Time days) {
    auto writer = replay::CaptureWriter::create(folder / "gap.pcap");
    REQUIRE(writer);
    constexpr replay::Time kDay = 86'400'000'000'000;
    writer->write(0, replay::Bytes(60));
    writer->write(days * kDay, replay::Bytes(60));
    writer->write(0, replay::Bytes(60));
    REQUIRE(writer->finish());
    Options options;
    options.in = {{"wan", folder / "gap.pcap"}};
    return replay::play(nat(), options, say);
  };
  CHECK(play_with_gap(1));
  const auto refused = play_with_gap(20'000);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text ==
        "interface wan: a frame of 2024-10-04T00:00:00Z comes 20000 days after the one before, of "
        "1970-01-01T00:00:00Z; frames may be up to 100 days apart");
}

TEST_CASE("a run repeats itself to the last bit") {
  const shared_test::TempDir one, two;
  REQUIRE(replay::play(nat(), normal(one), say));
  REQUIRE(replay::play(nat(), normal(two), say));
  for (const char* name : {"wan.pcap", "lan.pcap"}) {
    CHECK(contents(one / name) == contents(two / name));
  }
}

TEST_CASE("without an answer to ARP the tail brings what the director does about it") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  // Of the connection, only what the client sent: the server is silent in every way.
  options.in.pop_back();
  options.neighbours = {
      {"wan", *lb::IpAddress::parse("10.1.0.240"), *lb::MacAddress::parse("02:00:00:00:01:10")}};
  options.tail_seconds = 5;
  said.clear();
  const auto run = replay::play(nat(), options, say);
  REQUIRE(run);
  CHECK(drops(**run, lb::DropReason::kNeighbourFailed) == 5);
  CHECK(ip_frames(folder / "wan.pcap").size() == 5);  // host unreachable
  CHECK(ip_frames(folder / "lan.pcap").empty());
  CHECK(std::ranges::find(said, "interface lan: 10.2.4.1 does not answer ARP") != said.end());
}

TEST_CASE("connections expire on the captures' clock") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  options.answer_arp = true;
  options.tail_seconds = 118;
  const auto waiting = replay::play(nat(), options, say);
  CHECK((*waiting)->worker().connections().table().size() == 1);
  options.tail_seconds = 122;  // TIME_WAIT: 120 seconds
  const auto expired = replay::play(nat(), options, say);
  CHECK((*expired)->worker().connections().table().size() == 0);
}

TEST_CASE("frames for another host's MAC address are dropped as on a promiscuous port") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  options.macs.push_back({"wan", *lb::MacAddress::parse("02:00:00:00:00:77")});
  const auto run = replay::play(nat(), options, say);
  CHECK(drops(**run, lb::DropReason::kForeignMac) == 5 + 3);
}

TEST_CASE("where several MAC addresses could be the director's it is not guessed") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  options.macs.clear();
  const auto run = replay::play(nat(), options, say);
  REQUIRE_FALSE(run);
  CHECK_FALSE(run.error().of_usage);
  CHECK(run.error().text ==
        "interface lan: 02:00:00:00:02:01 and 02:00:00:00:02:61 could be the director's MAC "
        "address; say --mac lan=MAC");
}

TEST_CASE("who speaks ARP as the director is the director") {
  replay::OwnMac own_mac(nat());
  const auto frame = [](const char* to, const char* from, const char* sender) {
    dataplane::ArpPacket arp{dataplane::Be16(1),
                             dataplane::Be16(dataplane::ethertype::kIpv4),
                             6,
                             4,
                             dataplane::Be16(2),
                             *lb::MacAddress::parse(from),
                             lb::IpAddress::parse(sender)->ipv4(),
                             {},
                             {}};
    const dataplane::EthernetHeader ethernet{*lb::MacAddress::parse(to),
                                             *lb::MacAddress::parse(from),
                                             dataplane::Be16(dataplane::ethertype::kArp)};
    const auto* head = reinterpret_cast<const uint8_t*>(&ethernet);
    const auto* body = reinterpret_cast<const uint8_t*>(&arp);
    replay::Bytes bytes(head, head + sizeof ethernet);
    bytes.insert(bytes.end(), body, body + sizeof arp);
    return bytes;
  };
  CHECK_FALSE(own_mac.conclude().value());
  own_mac.see(frame("02:00:00:00:00:01", "02:00:00:00:00:02", "10.1.0.240"));
  own_mac.see(frame("02:00:00:00:00:02", "02:00:00:00:00:01", "10.1.0.100"));
  own_mac.see(frame("02:00:00:00:00:03", "02:00:00:00:00:01", "10.1.0.100"));
  CHECK(own_mac.conclude().value() == lb::MacAddress::parse("02:00:00:00:00:01"));
}

TEST_CASE("what is written is read back with its nanoseconds") {
  const shared_test::TempDir folder;
  const replay::Bytes frame(60, 0x2a);
  {
    auto writer = replay::CaptureWriter::create(folder / "out.pcap");
    REQUIRE(writer);
    writer->write(1'795'348'358'123'456'789, frame);
    REQUIRE(writer->finish());
  }
  auto reader = replay::CaptureReader::open(folder / "out.pcap");
  REQUIRE(reader);
  const auto read = reader->next();
  REQUIRE((read && *read));
  CHECK((*read)->time == 1'795'348'358'123'456'789);
  CHECK(replay::Bytes((*read)->bytes.begin(), (*read)->bytes.end()) == frame);
  CHECK_FALSE(reader->next().value());
}

TEST_CASE("a file that is no capture is named") {
  const shared_test::TempDir folder;
  std::ofstream(folder / "text") << "no capture, but long enough to be one";
  Options options = normal(folder);
  options.in[0].path = folder / "text";
  const auto run = replay::play(nat(), options, say);
  REQUIRE_FALSE(run);
  CHECK_FALSE(run.error().of_usage);
  CHECK(run.error().text == folder / "text: unknown file format");
}

TEST_CASE("errors of the command line name the option and the expected form") {
  CHECK(parse({}).error() == "--config: missing (expected FILE)");
  CHECK(parse({"--config", "a"}).error() == "--in: missing (expected IFACE=FILE at least once)");
  CHECK(parse({"--config", "a", "--in", "wan"}).error() == "--in: \"wan\" (expected IFACE=FILE)");
  CHECK(parse({"--config", "a", "--in", "wan=b", "--mac", "wan=1:2"}).error() ==
        "--mac: \"wan=1:2\" (expected IFACE=MAC, such as wan=02:00:00:00:00:01, no group address "
        "and not all zeroes)");
  CHECK(parse({"--config", "a", "--in", "wan=b", "--mac", "wan=02:00:00:00:00:01", "--mac",
               "wan=02:00:00:00:00:02"})
            .error() == "--mac: \"wan=02:00:00:00:00:02\" (expected one for each interface)");
  CHECK(parse({"--config", "a", "--in", "wan=b", "--neighbour", "wan=10.1.0.240"}).error() ==
        "--neighbour: \"wan=10.1.0.240\" (expected IFACE=IP=MAC, such as "
        "lan=192.168.11.100=02:00:00:00:00:64)");
  for (const char* tail : {"-1", "604801"}) {
    CHECK(parse({"--config", "a", "--in", "wan=b", "--tail", tail}).error() ==
          std::string("--tail: \"") + tail + "\" (expected 0 to 604800 seconds, a week)");
  }
  const shared_test::TempDir folder;
  const std::string capture = folder / "capture";
  CHECK(parse({"--config", "a", "--in", "wan=" + capture, "--out", "lan=" + folder / "./capture"})
            .error() == "--out: " + folder / "./capture" + " is read by --in");
  CHECK(parse({"--config", capture, "--in", "wan=b", "--out", "lan=" + folder / "./capture"})
            .error() == "--out: " + folder / "./capture" + " is read by --config");
  CHECK(parse({"--config", "a", "--in", "wan=b", "--out", "lan=c", "--out", "wan=c"}).error() ==
        "--out: c is written by another --out");
  CHECK(parse({"--colour"}).error() ==
        "unrecognised option '--colour' (lbd-replay --help lists the options)");
}

TEST_CASE("a capture that ends in the middle of a frame is played up to there, and named") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  const std::string cut = folder / "cut.pcap";
  std::filesystem::copy_file(options.in[0].path, cut);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 7);
  options.in[0].path = cut;
  const auto run = replay::play(nat(), options, say);
  REQUIRE_FALSE(run);
  CHECK_FALSE(run.error().of_usage);
  CHECK_THAT(run.error().text, Catch::StartsWith(cut + ": truncated dump file"));
  REQUIRE(run.error().played != nullptr);
  CHECK(run.error().played->workers().size() == 1);
  replay::Facts facts(*run.error().played, "");
  REQUIRE(facts.services().size() == 1);
  CHECK(facts.services()[0].servers[0].totals.connections == 1);
}

TEST_CASE("an interface that the configuration does not have is a usage error") {
  const shared_test::TempDir folder;
  Options options = normal(folder);
  options.out[1].interface = "dmz";
  const auto run = replay::play(nat(), options, say);
  REQUIRE_FALSE(run);
  CHECK(run.error().of_usage);
  CHECK(run.error().text == "--out: no interface \"dmz\"; interfaces: wan, lan");
}

TEST_CASE("options are read") {
  const auto options =
      parse({"--config", "c", "--in", "wan=a=b.pcap", "--neighbour",
             "lan=10.2.4.1=02:00:00:00:00:64", "--answer-arp", "--tail", "7", "--json"});
  REQUIRE(options);
  CHECK(options->in[0].interface == "wan");
  CHECK(options->in[0].path == "a=b.pcap");
  CHECK(options->neighbours[0].mac == lb::MacAddress::parse("02:00:00:00:00:64"));
  CHECK(options->answer_arp);
  CHECK(options->tail_seconds == 7);
  CHECK(options->json);
  CHECK(options->show.size() == 3);
}
