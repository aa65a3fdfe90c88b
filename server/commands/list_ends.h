// SPDX-License-Identifier: MIT
//
// What the list commands share: the words that name an end or a time, and the one way into a list. Whatever puts
// elements into a list asks check_push() while nothing has changed, then takes list_to_grow().
#pragma once

#include <optional>
#include <string_view>

#include "engine/list_value.h"
#include "server/commands/lookup.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {

// --- Words

// LEFT or RIGHT; anything else is a syntax error.
Side side_argument(core::Args& args);
std::string_view side_name(Side side);
// Seconds with a fraction, rounded up to milliseconds; 0 is for ever (nullopt).
Result<std::optional<Millis>> timeout_argument(std::string_view text, UnixMs now);
// A COUNT that must be 1 or more.
Result<size_t> count_argument(core::CommandCall& call, std::string_view text);

struct CountedKeys {
  core::Words keys;
  size_t after;  // index of the word behind them
};
// "numkeys key [key ...]" with numkeys at `at`.
Result<CountedKeys> counted_keys(core::CommandCall& call, size_t at);

constexpr core::KeyEvent push_event(Side side) {
  return side == Side::kLeft ? core::KeyEvent::kLpush : core::KeyEvent::kRpush;
}
constexpr core::KeyEvent pop_event(Side side) {
  return side == Side::kLeft ? core::KeyEvent::kLpop : core::KeyEvent::kRpop;
}

// --- Putting in

// Whether a command may put elements into the list that `key` holds (`entry`; nullptr: it would be made), so that in
// the end it has `growth` more. 0: an element goes round. The last question that is asked: a queue that drops makes
// room here, so positions in it may be others afterwards.
Result<void> check_push(core::CommandCall& call, std::string_view key, const Entry* entry, size_t growth);
// The list under the key: `entry`, or a new one if that is nullptr. One under a key with a policy is a queue from the
// start.
Entry& list_to_grow(core::CommandCall& call, std::string_view key, Entry* entry);

// --- Taking out

// Takes `count` elements off one end and replies each. Requires: it has so many, and count > 0.
void pop_elements(core::CommandCall& call, std::string_view key, Entry& entry, Side side, size_t count);

// --- What commands do to the keys of rows

inline constexpr uint16_t kPushKeys = core::kRw | core::kInsert;
inline constexpr uint16_t kPopKeys = core::kRw | core::kAccess | core::kDelete;
inline constexpr uint16_t kListReadKeys = core::kRo | core::kAccess;

}  // namespace sluice::commands
