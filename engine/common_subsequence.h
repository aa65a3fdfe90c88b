// SPDX-License-Identifier: MIT
//
// The longest sequence of bytes that two strings have in common, in order but not side by side. Of several equally long
// ones always the same is found, the one that Redis finds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice {

// O(|a| * |b| / 64) time; memory for a bit of each byte of b, once for each byte that occurs in a.
uint32_t common_subsequence_length(std::string_view a, std::string_view b);

// Bytes of the sequence that lie side by side in both strings: [in_a, in_a + size) and [in_b, in_b + size).
struct CommonRun {
  uint32_t in_a;
  uint32_t in_b;
  uint32_t size;
};
// As few runs as make the sequence, the last one first. O(|a| * |b| / 64) time and words of memory.
std::vector<CommonRun> longest_common_subsequence(std::string_view a, std::string_view b);

}  // namespace sluice
