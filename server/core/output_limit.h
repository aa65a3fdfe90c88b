// SPDX-License-Identifier: MIT
//
// How much a client may leave unread, by what it is: the setting client-output-buffer-limit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::core {

enum class ClientClass : uint8_t { kNormal, kReplica, kPubSub };
inline constexpr size_t kClientClasses = 3;

struct OutputLimit {
  uint64_t hard_bytes = 0;    // closed at once with so much unread; 0: no limit
  uint64_t soft_bytes = 0;    // closed when it had so much unread for longer than
  uint64_t soft_seconds = 0;  // this
};

struct OutputLimits {
  std::array<OutputLimit, kClientClasses> by_class;

  const OutputLimit& of(ClientClass kind) const { return by_class[static_cast<size_t>(kind)]; }
  // The smallest number of bytes at which any limit begins to matter; SIZE_MAX if there are none.
  size_t smallest() const;
};

// Reads groups of four words (class, hard, soft, seconds) into `limits`. Why not, in Redis's words, or nothing; then
// `limits` is unchanged.
std::optional<std::string> read_output_limits(std::span<const std::string_view> words, OutputLimits& limits);
// As CONFIG GET shows it: all three classes.
std::string format_output_limits(const OutputLimits& limits);

}  // namespace sluice::core
