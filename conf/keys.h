// What the file's words stand for, where description, reading and writing need the same table.
#pragma once

#include <array>
#include <string_view>

#include "conf/config.h"

namespace conf {

struct TimeoutKey {
  std::string_view name;
  uint32_t Timeouts::*seconds;
  std::string_view description;
};

inline constexpr std::array<TimeoutKey, 7> kTimeoutKeys = {{
    {"tcp", &Timeouts::tcp, "established TCP connections"},
    {"tcp_fin", &Timeouts::tcp_fin, "TCP connections in FIN_WAIT"},
    {"udp", &Timeouts::udp, "UDP"},
    {"tcp_syn_recv", &Timeouts::tcp_syn_recv, "TCP connections in SYN_RECV"},
    {"tcp_close_wait", &Timeouts::tcp_close_wait, "TCP connections in CLOSE_WAIT"},
    {"tcp_time_wait", &Timeouts::tcp_time_wait, "TCP connections in TIME_WAIT"},
    {"tcp_close", &Timeouts::tcp_close, "TCP connections in CLOSE"},
}};

struct ServerStateKey {
  std::string_view name;
  ServerState state;
  std::string_view description;
};

inline constexpr std::array<ServerStateKey, 3> kServerStateKeys = {{
    {"ready", ServerState::kReady, "takes new connections"},
    {"drain", ServerState::kDrain, "takes no new ones; those it has go on, its checks too"},
    {"maint", ServerState::kMaint, "takes no new ones, and is not checked"},
}};

constexpr std::string_view to_string(ServerState state) {
  for (const ServerStateKey& key : kServerStateKeys) {
    if (key.state == state) return key.name;
  }
  return {};
}

struct OnDownKey {
  std::string_view name;
  OnDown kind;
  std::string_view description;
};

inline constexpr std::array<OnDownKey, 3> kOnDownKeys = {{
    {"keep", OnDown::kKeep, "they go on, as far as the server lets them"},
    {"reset", OnDown::kReset, "TCP's ends are sent resets, UDP is forgotten"},
    {"move", OnDown::kMove,
     "UDP goes to other servers; so does TCP that was about to open, the "
     "rest is reset"},
}};

constexpr std::string_view to_string(OnDown kind) {
  for (const OnDownKey& key : kOnDownKeys) {
    if (key.kind == kind) return key.name;
  }
  return {};
}

struct VipsKey {
  std::string_view name;
  Vips vips;
  std::string_view description;
};

inline constexpr std::array<VipsKey, 2> kVipsKeys = {{
    {"active", Vips::kActive, "answers, announces and forwards for them"},
    {"standby", Vips::kStandby, "leaves them to another director"},
}};

constexpr std::string_view to_string(Vips vips) {
  for (const VipsKey& key : kVipsKeys) {
    if (key.vips == vips) return key.name;
  }
  return {};
}

struct LevelKey {
  std::string_view name;
  Level level;
  std::string_view description;
};

inline constexpr std::array<LevelKey, 2> kLevelKeys = {{
    {"admin", Level::kAdmin, "may change things"},
    {"read", Level::kRead, "may only look"},
}};

}  // namespace conf
