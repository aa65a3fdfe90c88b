// SPDX-License-Identifier: MIT
//
// Some members of a collection, all different, each choice equally likely: for HRANDFIELD, SRANDMEMBER, SPOP and
// ZRANDMEMBER. Which ones depends on hash order too, so what is logged is what was chosen.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/stamp.h"

namespace sluice::commands {

// A negative count asks for so many draws, of which some may be the same. More than this at a time would hold up the
// others for seconds, and are refused; Redis goes on until its memory is full.
inline constexpr int64_t kDrawsMax = 10'000'000;

// Requires: count < -kDrawsMax.
inline std::string draws_error(int64_t count) {
  return "ERR value is out of range: " + std::to_string(count).substr(1) + " draws, and at most " +
         std::to_string(kDrawsMax) + " are made at a time";
}

// `for_each(visit)` gives every member once, as a text; `sample(entropy)` one of them. `size` is how many there are.
// O(count) when that is few of them, else O(size).
template <typename ForEach, typename Sample>
std::vector<std::string> random_members(size_t size, size_t count, uint64_t entropy, const ForEach& for_each,
                                        const Sample& sample) {
  constexpr size_t kShareToWalk = 3;  // from a third of all on, walking over them is cheaper than drawing
  std::vector<std::string> chosen;
  if (count >= size || count * kShareToWalk > size) {
    for_each([&chosen](std::string_view member) { chosen.emplace_back(member); });
    for (size_t i = 0; i < count && i < size; ++i)
      std::swap(chosen[i], chosen[i + mix(entropy + i) % (size - i)]);
    if (count < size) chosen.resize(count);
    return chosen;
  }
  std::unordered_set<std::string> seen;
  for (uint64_t draw = 0; chosen.size() < count; ++draw) {
    std::string member = sample(mix(entropy + draw));
    if (seen.insert(member).second) chosen.push_back(std::move(member));
  }
  return chosen;
}

}  // namespace sluice::commands
