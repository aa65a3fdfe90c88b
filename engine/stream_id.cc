// SPDX-License-Identifier: MIT
#include "engine/stream_id.h"

#include "engine/base/number_text.h"

namespace sluice {
namespace {

// All of `text` as a decimal number. Redis takes leading zeros here, unlike in other numbers.
std::optional<uint64_t> parse_half(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    if (__builtin_mul_overflow(number, 10, &number)) return std::nullopt;
    if (__builtin_add_overflow(number, static_cast<uint64_t>(digit - '0'), &number)) return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<StreamId> successor(StreamId id) {
  if (id.seq != UINT64_MAX) return StreamId{id.ms, id.seq + 1};
  if (id.ms != UINT64_MAX) return StreamId{id.ms + 1, 0};
  return std::nullopt;
}

std::optional<StreamId> predecessor(StreamId id) {
  if (id.seq != 0) return StreamId{id.ms, id.seq - 1};
  if (id.ms != 0) return StreamId{id.ms - 1, UINT64_MAX};
  return std::nullopt;
}

std::optional<StreamId> parse_stream_id(std::string_view text, uint64_t seq_missing) {
  const size_t dash = text.find('-');
  const std::optional<uint64_t> ms = parse_half(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == std::string_view::npos) return StreamId{*ms, seq_missing};
  const std::optional<uint64_t> seq = parse_half(text.substr(dash + 1));
  if (!seq) return std::nullopt;
  return StreamId{*ms, *seq};
}

size_t format_stream_id(char* to, StreamId id) {
  size_t size = format_u64(to, id.ms);
  to[size++] = '-';
  return size + format_u64(to + size, id.seq);
}

}  // namespace sluice
