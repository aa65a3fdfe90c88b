// SPDX-License-Identifier: MIT
#include "server/core/key_event_classes.h"

namespace sluice::core {
namespace {

constexpr uint32_t kAll = (1u << kEventClassesInA) - 1;

}  // namespace

std::optional<KeyEventClasses> parse_key_event_classes(std::string_view letters) {
  KeyEventClasses classes;
  for (const char letter : letters) {
    const uint32_t bits = letter == 'A' ? kAll : event_class_bit(letter);
    if (bits == 0) return std::nullopt;
    classes.bits |= bits;
  }
  return classes;
}

std::string format_key_event_classes(KeyEventClasses classes) {
  std::string letters;
  uint32_t left = classes.bits;
  if ((left & kAll) == kAll) {
    letters += 'A';
    left &= ~kAll;
  }
  for (const char letter : kEventClassLetters) {
    if ((left & event_class_bit(letter)) != 0) letters += letter;
  }
  return letters;
}

}  // namespace sluice::core
