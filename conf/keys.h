// What the file's words stand for, where description, reading and writing need the same table.
#pragma once

#include <array>
#include <optional>
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

// A word of the file, what it stands for, and that in words for people.
template <class T>
struct Word {
  std::string_view name;
  T value;
  std::string_view description;
};

inline constexpr std::array<Word<ServerState>, 3> kServerStates = {{
    {"ready", ServerState::kReady, "takes new connections"},
    {"drain", ServerState::kDrain, "takes no new ones; those it has go on, its checks too"},
    {"maint", ServerState::kMaint, "takes no new ones, and is not checked"},
}};

inline constexpr std::array<Word<OnDown>, 3> kOnDown = {{
    {"keep", OnDown::kKeep, "they go on, as far as the server lets them"},
    {"reset", OnDown::kReset, "TCP's ends are sent resets, UDP is forgotten"},
    {"move", OnDown::kMove,
     "UDP goes to other servers; so does TCP that was about to open, the "
     "rest is reset"},
}};

inline constexpr std::array<Word<Vips>, 2> kVips = {{
    {"active", Vips::kActive, "answers, announces and forwards for them"},
    {"standby", Vips::kStandby, "leaves them to another director"},
}};

inline constexpr std::array<Word<Level>, 2> kLevels = {{
    {"admin", Level::kAdmin, "may change things"},
    {"read", Level::kRead, "may only look"},
}};

template <class T, size_t count>
constexpr std::string_view name_of(const std::array<Word<T>, count>& words, T value) {
  for (const Word<T>& word : words) {
    if (word.value == value) return word.name;
  }
  return {};
}

template <class T, size_t count>
constexpr std::optional<T> value_of(const std::array<Word<T>, count>& words,
                                    std::string_view name) {
  for (const Word<T>& word : words) {
    if (word.name == name) return word.value;
  }
  return std::nullopt;
}

constexpr std::string_view to_string(ServerState state) { return name_of(kServerStates, state); }
constexpr std::string_view to_string(OnDown kind) { return name_of(kOnDown, kind); }
constexpr std::string_view to_string(Vips vips) { return name_of(kVips, vips); }
constexpr std::string_view to_string(Level level) { return name_of(kLevels, level); }

}  // namespace conf
