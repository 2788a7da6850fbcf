// What is known of a real server's health.
#pragma once

#include <cstdint>
#include <string_view>

namespace control::health {

// Unchecked: nobody asks it, now or at all.
enum class Health : uint8_t { kUnchecked, kUp, kDown };

constexpr std::string_view to_string(Health health) {
  switch (health) {
    case Health::kUp:
      return "up";
    case Health::kDown:
      return "down";
    default:
      return "unchecked";
  }
}

}  // namespace control::health
