// SPDX-License-Identifier: MIT
//
// Which changes of keys are published: the letters of notify-keyspace-events as bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/core/key_event.h"

namespace sluice::core {

// In the order in which the setting is shown. 'A' stands for the first ten; K and E choose the channels.
inline constexpr std::string_view kEventClassLetters = "g$lshzxetdKEmnoc";
inline constexpr size_t kEventClassesInA = 10;

constexpr uint32_t event_class_bit(char letter) {
  const size_t place = kEventClassLetters.find(letter);
  return place == std::string_view::npos ? 0 : 1u << place;
}

struct KeyEventClasses {
  uint32_t bits = 0;

  static constexpr uint32_t kByKey = event_class_bit('K');
  static constexpr uint32_t kByEvent = event_class_bit('E');

  bool by_key() const { return (bits & kByKey) != 0; }
  bool by_event() const { return (bits & kByEvent) != 0; }
  bool wants(KeyEvent event) const;
};

// The letter of each event's class, as a bit.
constexpr uint32_t class_of(KeyEvent event) {
  constexpr std::array kBits = {
#define X(name, text, letter, wakes) event_class_bit(letter),
      SLUICE_KEY_EVENTS(X)
#undef X
  };
  return kBits[static_cast<size_t>(event)];
}

constexpr std::string_view name_of(KeyEvent event) {
  constexpr std::array<std::string_view, 128> kNames = {
#define X(name, text, letter, wakes) text,
      SLUICE_KEY_EVENTS(X)
#undef X
  };
  return kNames[static_cast<size_t>(event)];
}

inline bool KeyEventClasses::wants(KeyEvent event) const {
  return (bits & class_of(event)) != 0 && (by_key() || by_event());
}

// nullopt: one of the letters is none.
std::optional<KeyEventClasses> parse_key_event_classes(std::string_view letters);
// The shortest way to say it, as CONFIG GET shows it.
std::string format_key_event_classes(KeyEventClasses classes);

}  // namespace sluice::core
