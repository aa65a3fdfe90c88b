// SPDX-License-Identifier: MIT
//
// What a worker holds: the message's ID and the number of the delivery, "1718000000000-0:1". The number is a fencing
// token: it grows with every hand-out, so whoever was superseded holds an older one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/stream_id.h"

namespace sluice {

struct Handle {
  StreamId id;
  uint32_t deliveries = 0;
  friend bool operator==(const Handle&, const Handle&) = default;
};

// None if the text is not "<ms>-<seq>:<deliveries>".
std::optional<Handle> parse_handle(std::string_view text);
// None if the text is not "<ms>-<seq>", both halves written out.
std::optional<StreamId> parse_message_id(std::string_view text);

// Returns the number of characters, at most kHandleCharsMax.
inline constexpr size_t kHandleCharsMax = kStreamIdCharsMax + 1 + 10;
size_t format_handle(char* to, const Handle& handle);

}  // namespace sluice
