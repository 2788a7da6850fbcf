// A World for Catch2 tests: it is audited when it ends.
#pragma once

#include <catch2/catch.hpp>

#include "test/dataplane/support/world.h"

namespace dataplane_test {

class Lab : public World {
 public:
  // A template, so that a list in braces is always one of services.
  template <std::same_as<Setup> S>
  explicit Lab(S setup) : World(std::move(setup)) {}
  explicit Lab(std::vector<ServiceSetup> services)
      : World(Setup{.services = std::move(services)}) {}
  ~Lab() { CHECK(settle_and_audit() == ""); }

  Lines from_client(const Frame& frame) { return receive("wan", {frame}); }
  Lines from_server(const Frame& frame) { return receive("lan", {frame}); }

  // A frame arrives; the bytes of the only one that then leaves.
  Bytes only_frame(std::string_view link, const Frame& frame) {
    io().put(link_number(link), frame.build(mac_of_link(link)));
    turn_quietly();
    const std::vector<SentFrame> sent = io().take_sent();
    REQUIRE(sent.size() == 1);
    return sent[0].bytes;
  }
};

inline constexpr const char* kClient = "10.1.0.10:40000";
inline constexpr const char* kVip = "10.1.0.100:80";
inline constexpr const char* kServer = "10.2.0.11:80";

inline std::vector<ServiceSetup> one_service(std::string protocol = "tcp",
                                             std::string forward = "nat",
                                             std::string server = kServer) {
  return {{std::move(protocol), kVip, {{std::move(server), 1, std::move(forward)}}}};
}

// The first packet of a connection.
inline Frame syn() { return tcp(kClient, kVip).flags("S"); }

// A client of the same host by another port.
inline std::string client(int port) { return "10.1.0.10:" + std::to_string(port); }

// The host that a line says a packet goes to: its last word.
inline std::string target(const std::string& line) { return line.substr(line.rfind(' ') + 1); }

// Of the only packet that was sent.
inline std::string target(const Lines& out) {
  REQUIRE(out.size() == 1);
  return target(out[0]);
}

// Several servers on port 80, taken in turn.
inline ServiceSetup service_of(std::string protocol, std::vector<ServerSetup> servers) {
  return {std::move(protocol), kVip, std::move(servers)};
}

}  // namespace dataplane_test
