// SPDX-License-Identifier: MIT
//
// The ID of a stream entry and of a queue message: milliseconds since 1970 and a number within the millisecond.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;
  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;
};

inline constexpr StreamId kStreamIdMin{0, 0};
inline constexpr StreamId kStreamIdMax{UINT64_MAX, UINT64_MAX};

// The next or previous ID; none at the end of the range.
std::optional<StreamId> successor(StreamId id);
std::optional<StreamId> predecessor(StreamId id);

// "<ms>-<seq>" in decimal, or "<ms>" alone with `seq_missing` for the other half. None if it is anything else.
std::optional<StreamId> parse_stream_id(std::string_view text, uint64_t seq_missing);

// Writes "<ms>-<seq>" and returns its length, at most kStreamIdCharsMax.
inline constexpr size_t kStreamIdCharsMax = 41;
size_t format_stream_id(char* to, StreamId id);

}  // namespace sluice
