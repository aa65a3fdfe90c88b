// SPDX-License-Identifier: MIT
//
// Patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them, over bytes:
//
//   *       any bytes, also none
//   ?       one byte
//   [a-cx]  one of these; [^a-cx] one of the others. A '\' in it takes the next byte as it is
//   \x      x itself, whatever x is
//
// The odd corners are Redis's: no bytes at all are matched by no pattern but the empty one, a class that is not
// closed ends with the pattern, [z-a] is [a-z], [] matches nothing, and a '\' at the very end stands for itself.
//
// A client chooses both sides, so the work is bounded: kGlobWorkMax steps and kGlobWorkPerByteMax more for
// each byte of pattern and text; what is not decided by then does not match. Only patterns made to be slow
// come near it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

inline constexpr size_t kGlobWorkMax = 4u << 20;
inline constexpr size_t kGlobWorkPerByteMax = 16;

enum class LetterCase : uint8_t { kExact, kFolded };

// Whether the whole of `text` matches. Needs no memory.
bool glob_matches(std::string_view pattern, std::string_view text, LetterCase letters = LetterCase::kExact);

}  // namespace sluice
