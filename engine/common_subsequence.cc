// SPDX-License-Identifier: MIT
//
// length(i, j) is the length for the first i bytes of a and the first j of b:
//
//   0                                          if i or j is 0
//   length(i-1, j-1) + 1                       if the bytes a[i-1] and b[j-1] are equal
//   max(length(i-1, j), length(i, j-1))        else
//
// Row by row, only the row before is needed for the next. To walk back along the sequence it is enough to know of each
// unequal pair which of the two was greater: one bit.
#include "engine/common_subsequence.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {
namespace {

// Computes row after row; at_unequal(i, j, up) is told for each unequal pair whether length(i-1, j) was the greater.
template <typename AtUnequal>
uint32_t compute_lengths(std::string_view a, std::string_view b, AtUnequal at_unequal) {
  CHECK(a.size() < UINT32_MAX && b.size() < UINT32_MAX);
  std::vector<uint32_t> row(b.size() + 1);  // length(i, j) up to the j in work, length(i-1, j) from there on
  for (size_t i = 1; i <= a.size(); ++i) {
    uint32_t diagonal = 0;  // length(i-1, j-1)
    for (size_t j = 1; j <= b.size(); ++j) {
      const uint32_t above = row[j];
      if (a[i - 1] == b[j - 1]) {
        row[j] = diagonal + 1;
      } else {
        at_unequal(i, j, above > row[j - 1]);
        row[j] = std::max(above, row[j - 1]);
      }
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

uint32_t common_subsequence_length(std::string_view a, std::string_view b) {
  return compute_lengths(a, b, [](size_t, size_t, bool) {});
}

std::vector<CommonRun> longest_common_subsequence(std::string_view a, std::string_view b) {
  std::vector<bool> up(a.size() * b.size());
  const auto index = [&b](size_t i, size_t j) { return (i - 1) * b.size() + (j - 1); };
  compute_lengths(a, b, [&](size_t i, size_t j, bool above_is_greater) {
    if (above_is_greater) up[index(i, j)] = true;
  });

  std::vector<CommonRun> runs;
  size_t i = a.size();
  size_t j = b.size();
  bool in_run = false;
  while (i > 0 && j > 0) {
    if (a[i - 1] != b[j - 1]) {
      up[index(i, j)] ? --i : --j;
      in_run = false;
      continue;
    }
    --i;
    --j;
    if (!in_run) runs.push_back({0, 0, 0});
    in_run = true;
    runs.back() = {static_cast<uint32_t>(i), static_cast<uint32_t>(j), runs.back().size + 1};
  }
  return runs;
}

}  // namespace sluice
