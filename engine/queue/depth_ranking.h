// SPDX-License-Identifier: MIT
//
// The hundred deepest queues, or consumer groups, without a look at all of them at once: a walk of some a turn finds
// those that are deep, and the answer is their order now. While there are few it is exact.
//
// What is ranked has is_deeper_than(other), a strict order without ties.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace sluice {

// As many are told of.
inline constexpr size_t kRankedMax = 100;

template <typename Ranked>
class DepthRanking {
 public:
  // Looks at a few more of them.
  void step(const std::vector<Ranked*>& all) {
    if (all.size() <= kExactMax) return;
    for (size_t i = 0; i < kStep && at_ < all.size(); ++i, ++at_)
      found_.push_back(all[at_]);
    if (found_.size() > 2 * kRankedMax) keep_deepest(found_);
    if (at_ < all.size()) return;
    keep_deepest(found_);
    ranked_ = std::move(found_);
    found_.clear();
    at_ = 0;
  }
  // The deepest first.
  std::vector<const Ranked*> deepest(const std::vector<Ranked*>& all) const {
    std::vector<const Ranked*> found =
        all.size() <= kExactMax ? std::vector<const Ranked*>(all.begin(), all.end()) : ranked_;
    keep_deepest(found);
    return found;
  }
  // It ends: it must not be named any more.
  void forget(const Ranked* ended) {
    std::erase(found_, ended);
    std::erase(ranked_, ended);
  }

 private:
  static constexpr size_t kExactMax = 1'000;
  static constexpr size_t kStep = 32;

  static void keep_deepest(std::vector<const Ranked*>& some) {
    const auto count = static_cast<ptrdiff_t>(std::min(some.size(), kRankedMax));
    std::partial_sort(some.begin(), some.begin() + count, some.end(),
                      [](const Ranked* a, const Ranked* b) { return a->is_deeper_than(*b); });
    some.resize(static_cast<size_t>(count));
  }

  size_t at_ = 0;
  std::vector<const Ranked*> found_;   // by the walk that goes on; no more than twice the hundred
  std::vector<const Ranked*> ranked_;  // by the last whole one
};

}  // namespace sluice
